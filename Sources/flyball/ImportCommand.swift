import ArgumentParser
import Daemon
import Documents
import Scaling

/// `flyball import hpa|keda|nomad FILE`
struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Translate the policies of another autoscaler into ours.",
        discussion: """
            Prints a policy file; what has no equivalent is told with its place on standard error, and in comments. \
            Sources: hpa (Kubernetes' HorizontalPodAutoscaler, v1 and v2), keda (ScaledObject), nomad (scaling blocks in \
            HCL or JSON).
            """)

    @Argument(help: "hpa, keda or nomad.") var source: String
    @Argument(help: "The file.") var file: String

    func validate() throws {
        guard PolicyImport.Source(rawValue: source) != nil else {
            throw ValidationError("the source must be hpa, keda or nomad, not \(source)")
        }
    }

    func run() throws {
        guard let source = PolicyImport.Source(rawValue: source) else { return }
        let imported = try PolicyImport(source, text: try FileSource().text(file), file: file)
        for note in imported.notes { Terminal.error("\(note)") }
        print(imported.text, terminator: "")
    }
}
