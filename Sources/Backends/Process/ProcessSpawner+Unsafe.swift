import Glibc
import SwiftOverlayShims

/// Starts a program without a shell. Pointers live only during the call; every C string is freed after it.
enum ProcessSpawner {
    struct Request: Sendable {
        /// The program first, as a path.
        var arguments: [String]
        var environment: [String: String]
        /// Where standard output and error are appended to, created with mode 0600.
        var outputPath: String
    }

    struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        var description: String
    }

    /// `posix_spawn_file_actions_addclosefrom_np`, in glibc since 2.34 but hidden from Swift; the signature is that of
    /// its manual. Without it a child inherits what was opened without O_CLOEXEC.
    private static let closeFrom3 = unsafe dlsym(
        nil, "posix_spawn_file_actions_addclosefrom_np"
    ).map { symbol in
        unsafe unsafeBitCast(
            symbol,
            to: (@convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32).self)
    }

    /// The id of a process that leads its own session, reads nothing, and holds no file of ours open.
    static func spawn(_ request: Request) throws(Failure) -> pid_t {
        var attributes = posix_spawnattr_t()
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawnattr_init(&attributes)
        unsafe posix_spawn_file_actions_init(&actions)
        defer {
            unsafe posix_spawnattr_destroy(&attributes)
            unsafe posix_spawn_file_actions_destroy(&actions)
        }
        // Threads of this process may block or ignore signals; the child must not inherit that.
        var none = sigset_t()
        var all = sigset_t()
        unsafe sigemptyset(&none)
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(0x80 /* SETSID */ | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(
            &actions, 1, request.outputPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        _ = unsafe closeFrom3?(&actions, 3)

        let words = request.environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        var arguments = unsafe request.arguments.map { unsafe strdup($0) } + [nil]
        var environment = unsafe words.map { unsafe strdup($0) } + [nil]
        defer {
            unsafe arguments.forEach { unsafe free($0) }
            unsafe environment.forEach { unsafe free($0) }
        }
        var pid: pid_t = 0
        let code = unsafe posix_spawn(
            &pid, request.arguments[0], &actions, &attributes, &arguments, &environment)
        guard code == 0 else {
            throw Failure(description: "cannot start \(request.arguments[0]): \(errorText(code))")
        }
        return pid
    }

    /// What the system calls an errno.
    static func errorText(_ code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard unsafe strerror_r(code, &buffer, buffer.count) == 0 else { return "errno \(code)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
