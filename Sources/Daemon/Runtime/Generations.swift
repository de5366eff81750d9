import Logging
import Synchronization
import TimeSeries

/// The running generation of the configuration, and what became of the last attempt to replace it.
final class Generations: Sendable {
    struct Status: Sendable {
        var number: UInt64
        var loadedAt: Timestamp
        /// Nil where the last reload was accepted.
        var reloadError: String?
        var text: String
    }

    private struct State {
        var generation: Generation
        var status: Status
    }

    private let file: String?
    /// Whether the command line names the storage folder.
    private let pathIsGiven: Bool
    private let loader: GenerationLoader
    private let clock: any Clock
    private let logger: Logger
    private let state: Mutex<State>

    init(
        _ first: Generation, file: String?, pathIsGiven: Bool, loader: GenerationLoader, clock: any Clock,
        logger: Logger
    ) {
        self.file = file
        self.pathIsGiven = pathIsGiven
        self.loader = loader
        self.clock = clock
        self.logger = logger
        // Generations are told apart over restarts as well; the time of loading does that.
        let number = UInt64(max(1, clock.now.milliseconds))
        let status = Status(
            number: number, loadedAt: clock.now, reloadError: nil, text: first.configuration.text)
        state = Mutex(State(generation: first, status: status))
    }

    var current: Generation { state.withLock { $0.generation } }
    /// What is in force of `storage`.
    var storage: Configuration.StorageSettings { state.withLock { $0.generation.configuration.storage } }
    var status: Status { state.withLock { $0.status } }

    /// Reads all files again and hands the new generation to `apply`, or keeps the old one.
    /// - Throws: what is wrong with the files.
    func reload(_ apply: (Generation, UInt64) async -> Void) async throws {
        var generation: Generation
        do {
            generation = try loader.load(file)
        } catch {
            state.withLock { $0.status.reloadError = "\(error)" }
            logger.error(
                "the configuration was refused; the running one stays", metadata: ["reason": "\(error)"])
            throw error
        }
        let (said, inForce) = (generation.configuration.storage, storage)
        let waiting = said.needingRestart(over: inForce, pathIsGiven: pathIsGiven)
        generation.configuration.storage = said.reloaded(over: inForce)
        // Whoever reads the configuration sees what of it is not in force.
        generation.configuration.text =
            waiting.map { "# \($0)\n" }.joined() + generation.configuration.text
        let next = generation
        let now = clock.now
        let number = state.withLock { state in
            state.generation = next
            let number = max(state.status.number + 1, UInt64(max(1, now.milliseconds)))
            state.status = Status(
                number: number, loadedAt: now, reloadError: nil, text: next.configuration.text)
            return number
        }
        await apply(next, number)
        for note in waiting + next.configuration.warnings { logger.warning("\(note)") }
        logger.notice("the configuration was reloaded")
    }
}
