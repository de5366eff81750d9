import Testing

/// The picture of the architecture, enforced: which targets exist and which way their arrows point.
struct ArrowTests {
    @Test func `every declared target is on the list of the architecture`() {
        let modules = Modules.declared.filter { !$0.isTest }

        #expect(modules.count > 20)
        for module in modules {
            #expect(Modules.rank(module.name) != nil, "\(module.name) is not a listed module")
        }
    }

    @Test func `targets are declared in the order of the architecture`() {
        let ranks = Modules.declared.filter { !$0.isTest }.compactMap { Modules.rank($0.name) }

        #expect(ranks == ranks.sorted())
    }

    @Test func `no target depends on a later one`() throws {
        for module in Modules.declared where !module.isTest {
            let rank = try #require(Modules.rank(module.name))
            for used in module.uses {
                let usedRank = try #require(Modules.rank(used), "\(module.name) uses the unlisted \(used)")
                #expect(usedRank < rank, "\(module.name) depends on \(used), which stands above it")
            }
        }
    }

    @Test func `every folder of Sources is a declared target`() {
        let declared = Set(Modules.declared.filter { !$0.isTest }.map(\.name))

        #expect(Set(Repository.entries("Sources")) == declared)
    }

    @Test func `no file imports a later module or one that its target does not declare`() throws {
        for module in Modules.declared where !module.isTest && !module.uses.isEmpty {
            let rank = try #require(Modules.rank(module.name))
            for file in Repository.swiftFiles("Sources/" + module.name) {
                for imported in Repository.imports(file) {
                    guard let importedRank = Modules.rank(imported) else { continue }
                    #expect(
                        importedRank < rank, "\(file) imports \(imported), which stands above \(module.name)")
                    #expect(
                        module.uses.contains(imported), "\(file) imports \(imported), not in Package.swift")
                }
            }
        }
    }

    @Test func `Foundation and Yams stay where they belong`() {
        let mayUseFoundation: Set = ["Daemon", "Web", "HTTPAPI", "Console", "Documents", "flyball"]
        for module in Repository.entries("Sources") {
            for file in Repository.swiftFiles("Sources/" + module) {
                let imports = Repository.imports(file)
                if !mayUseFoundation.contains(module) {
                    let found = imports.contains("Foundation") || imports.contains("FoundationEssentials")
                    #expect(!found, "\(file) imports Foundation")
                }
                if module != "Documents" { #expect(!imports.contains("Yams"), "\(file) imports Yams") }
            }
        }
    }
}
