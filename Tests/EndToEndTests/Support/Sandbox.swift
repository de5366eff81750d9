import Foundation
import Glibc
import Testing

/// A folder of its own, free ports, and every process started through it: all of them are ended with it.
final class Sandbox: @unchecked Sendable {
    let folder: String
    private var children: [Process] = []

    init() throws {
        folder = NSTemporaryDirectory() + "flyball-e2e-" + UUID().uuidString.prefix(8).lowercased()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    /// The checkout that holds this file.
    static let root: String = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    /// The built binary beside the test bundle.
    static let binary: String = {
        if let named = ProcessInfo.processInfo.environment["FLYBALL_BINARY"] { return named }
        return URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("flyball").path
    }()

    func write(_ name: String, _ text: String) throws -> String {
        let path = folder + "/" + name
        let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    /// A loopback port that nobody listened on a moment ago.
    static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { Glibc.close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = unsafe bind(descriptor, address, length)
                _ = unsafe getsockname(descriptor, address, &length)
            }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// Starts a program; its output goes to a file in the folder.
    @discardableResult
    func start(_ program: String, _ arguments: [String], log: String) throws -> Process {
        let path = folder + "/" + log
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardOutput = FileHandle(forWritingAtPath: path)
        process.standardError = process.standardOutput
        process.standardInput = FileHandle.nullDevice
        try process.run()
        children.append(process)
        return process
    }

    /// Runs a program to its end.
    static func run(_ program: String, _ arguments: [String], folder: String? = nil) async throws -> (
        status: Int32, output: String
    ) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
        let name = NSTemporaryDirectory() + "flyball-run-" + UUID().uuidString
        _ = FileManager.default.createFile(atPath: name, contents: nil)
        defer { try? FileManager.default.removeItem(atPath: name) }
        process.standardOutput = FileHandle(forWritingAtPath: name)
        process.standardError = process.standardOutput
        process.standardInput = FileHandle.nullDevice
        try process.run()
        while process.isRunning { try await Task.sleep(for: .milliseconds(20)) }
        return (process.terminationStatus, (try? String(contentsOfFile: name, encoding: .utf8)) ?? "")
    }

    func text(_ name: String) -> String {
        (try? String(contentsOfFile: folder + "/" + name, encoding: .utf8)) ?? ""
    }

    /// Command lines of living processes that mention the folder.
    func processes() -> [(id: Int32, command: String)] {
        let ids =
            (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { Int32($0) } ?? []
        return ids.sorted().compactMap { id in
            guard let data = FileManager.default.contents(atPath: "/proc/\(id)/cmdline"), !data.isEmpty else {
                return nil
            }
            let command = String(decoding: data.map { $0 == 0 ? 32 : $0 }, as: UTF8.self)
            return command.contains(folder) ? (id, command) : nil
        }
    }

    /// Asks every process to end, then makes it.
    func close() async {
        for child in children where child.isRunning { child.terminate() }
        for _ in 0..<100 where children.contains(where: \.isRunning) {
            try? await Task.sleep(for: .milliseconds(100))
        }
        for (id, _) in processes() { kill(id, SIGKILL) }
        for child in children where child.isRunning { kill(child.processIdentifier, SIGKILL) }
        try? FileManager.default.removeItem(atPath: folder)
    }
}

/// Runs a body with a sandbox that is closed however the body ends.
func withSandbox(_ body: (Sandbox) async throws -> Void) async throws {
    let sandbox = try Sandbox()
    do {
        try await body(sandbox)
    } catch {
        await sandbox.close()
        throw error
    }
    await sandbox.close()
}

/// Waits until something holds, under a generous deadline.
func eventually(
    _ what: Comment, within limit: Duration = .seconds(60), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    var last: (any Error)?
    while ContinuousClock.now < deadline {
        do {
            if try await condition() { return }
            last = nil
        } catch {
            last = error
        }
        try await Task.sleep(for: .milliseconds(200))
    }
    Issue.record("not within \(limit): \(what) \(last.map { "\($0)" } ?? "")", sourceLocation: sourceLocation)
    throw Expired()
}

struct Expired: Error {}
