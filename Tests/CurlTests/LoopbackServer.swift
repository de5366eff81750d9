import Glibc
import SwiftOverlayShims
import Synchronization

/// The smallest HTTP server that shows what a client does: one thread, one connection at a time, each answer a
/// script of bytes. Listens on a free port of 127.0.0.1 or on a unix socket.
@safe final class LoopbackServer: Sendable {
    /// What a connection does with a request.
    enum Script: Sendable {
        /// Writes these bytes and waits for the next request on the connection.
        case bytes([UInt8])
        /// Writes these bytes and closes the connection.
        case last([UInt8])
        /// Writes nothing and keeps the connection open.
        case silence
        /// Writes the head, then body for ever.
        case endless
        /// Closes without a word.
        case hangUp
    }

    private struct State {
        var requests: [String] = []
        var connections = 0
        var isStopped = false
    }

    let port: UInt16
    private let listener: Int32
    private let state = Mutex(State())
    private let script: @Sendable (String) -> Script

    init(unixSocket path: String? = nil, script: @escaping @Sendable (String) -> Script) {
        self.script = script
        (listener, port) = path.map { (LoopbackServer.listen(path: $0), 0) } ?? LoopbackServer.listen()
        var thread = pthread_t()
        let argument = unsafe Unmanaged.passRetained(self).toOpaque()
        unsafe pthread_create(
            &thread, nil,
            { argument in
                unsafe Unmanaged<LoopbackServer>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, argument)
        pthread_detach(thread)
    }

    var requests: [String] { state.withLock { $0.requests } }
    var connections: Int { state.withLock { $0.connections } }
    func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    func stop() {
        state.withLock { $0.isStopped = true }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    /// A whole answer with the length of its body.
    static func answer(_ status: String = "200 OK", _ headers: [String] = [], body: [UInt8]) -> Script {
        let head = (["HTTP/1.1 \(status)", "Content-Length: \(body.count)"] + headers).joined(
            separator: "\r\n")
        return .bytes(Array((head + "\r\n\r\n").utf8) + body)
    }

    private static func listen() -> (Int32, UInt16) {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                precondition(unsafe bind(socket, pointer, length) == 0)
                precondition(Glibc.listen(socket, 1024) == 0)
                _ = unsafe getsockname(socket, pointer, &length)
            }
        }
        return (socket, UInt16(bigEndian: address.sin_port))
    }

    private static func listen(path: String) -> Int32 {
        let socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                precondition(unsafe bind(socket, pointer, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0)
            }
        }
        precondition(Glibc.listen(socket, 64) == 0)
        return socket
    }

    private func run() {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0, !state.withLock({ $0.isStopped }) else { break }
            state.withLock { $0.connections += 1 }
            var timeout = timeval(tv_sec: 5, tv_usec: 0)
            _ = unsafe setsockopt(
                connection, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
            while let request = read(connection) {
                state.withLock { $0.requests.append(request) }
                guard perform(script(request), on: connection) else { break }
            }
            close(connection)
        }
        close(listener)
    }

    private func perform(_ script: Script, on connection: Int32) -> Bool {
        switch script {
        case .bytes(let bytes): return write(bytes, to: connection)
        case .last(let bytes):
            _ = write(bytes, to: connection)
            return false
        case .hangUp: return false
        case .silence: return read(connection) != nil
        case .endless:
            let head = Array("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n".utf8)
            guard write(head, to: connection) else { return false }
            let filler = [UInt8](repeating: UInt8(ascii: "#"), count: 64 << 10)
            while write(filler, to: connection) {}
            return false
        }
    }

    /// A request's head and body, or nil when the other side is gone.
    private func read(_ connection: Int32) -> String? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = unsafe recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
            let text = String(decoding: bytes, as: UTF8.self)
            guard let end = text.firstRange(of: "\r\n\r\n") else { continue }
            let length = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix("Content-Length: ") }
            let wanted = length.flatMap { Int($0.dropFirst(16)) } ?? 0
            if text[end.upperBound...].utf8.count >= wanted { return text }
        }
    }

    private func write(_ bytes: [UInt8], to connection: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
