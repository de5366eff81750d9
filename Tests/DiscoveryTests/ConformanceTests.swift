import Discovery
import Documents
import Glibc
import Testing

/// The folder `shared` beside the checkout, or where FLYBALL_SHARED says; with its final slash.
enum SharedFolder {
    static let path: String? = {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        let beside = root.dropLast().joined(separator: "/") + "/shared/"
        let named = unsafe getenv("FLYBALL_SHARED").map { unsafe String(cString: $0) + "/" }
        return [beside, named].compactMap { $0 }.first { unsafe access($0, R_OK) == 0 }
    }()
}

/// Prometheus' own configuration files. Only what concerns scrapes is read here; other sections are passed over.
@Suite(.enabled(if: SharedFolder.path != nil))
struct ConformanceTests {
    private func read(_ name: String) throws -> [ScrapeConfiguration] {
        let path = try #require(SharedFolder.path) + "conformance/config/" + name
        let text = String(decoding: try FileAccess.system.read(path).get(), as: UTF8.self)
        return try ScrapeConfigurationTests.read(text, file: name)
    }

    @Test(arguments: [
        "dropequal", "keepequal", "keepequal1", "labeldrop", "labeldrop2", "labelkeep", "labelkeep2",
        "labelkeep3",
        "labelkeep5", "labelmap", "lowercase3", "uppercase", "uppercase3", "regex",
        "target_label_hashmod_missing",
        "target_label_missing", "empty_metric_relabel_config", "empty_scrape_config_action", "jobname_dup",
        "scrape_body_size_limit", "scrape_interval", "scrape_config_files_fallback_scrape_protocol1",
        "scrape_config_files_fallback_scrape_protocol2", "scrape_config_files_scrape_protocols2",
        "unknown_attr",
        "unknown_global_attr", "section_key_dup", "http_url_no_host",
    ])
    func `what Prometheus refuses is refused`(name: String) {
        #expect(throws: DocumentError.self) { try read(name + ".bad.yml") }
    }

    @Test(arguments: [
        "scrape_config_disable_compression", "global_disable_extra_scrape_metrics",
        "local_disable_convert_classic_hist_to_nhcb", "local_disable_extra_scrape_metrics",
        "local_disable_scrape_native_hist", "local_enable_always_scrape_classic_hist",
        "local_enable_extra_scrape_metrics", "local_enable_scrape_native_hist",
        "global_enable_scrape_native_hist_and_scrape_protocols",
    ])
    func `what Prometheus accepts is accepted`(name: String) throws {
        _ = try read(name + ".good.yml")
    }

    @Test func `of the full example only the discovery that is still missing is refused`() {
        let error = #expect(throws: DocumentError.self) { try read("conf.good.yml") }

        for problem in error?.problems ?? [] {
            #expect(
                problem.message.contains("not supported yet") || problem.message.contains("in global"),
                "\(problem)")
        }
    }
}
