import Glibc
import LoadPayload

/// Sockets on 127.0.0.1, without blocking.
///
/// Safety: addresses are structs of this file, passed with their size; buffers are arrays lent for one call with their count.
enum Sockets {
    /// A listening socket on a free port, or on one that is asked for; nil where there is none.
    static func listen(port: UInt16 = 0) -> (socket: Int32, port: UInt16)? {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard socket >= 0 else { return nil }
        enable(socket, SOL_SOCKET, SO_REUSEADDR)
        var address = loopback(port)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard unsafe bind(socket, address, length) == 0, Glibc.listen(socket, 512) == 0 else {
                    return Int32(-1)
                }
                return unsafe getsockname(socket, address, &length)
            }
        }
        guard status == 0 else {
            close(socket)
            return nil
        }
        return (socket, UInt16(bigEndian: address.sin_port))
    }

    /// The next connection that waits; nil where none does.
    static func accept(_ listener: Int32) -> Int32? {
        let socket = Glibc.accept(listener, nil, nil)
        guard socket >= 0 else { return nil }
        _ = fcntl(socket, F_SETFL, O_NONBLOCK)
        prepare(socket)
        return socket
    }

    /// A connection to a port, blocking; nil where nobody listens.
    static func connect(port: UInt16) -> Int32? {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { return nil }
        var address = loopback(port)
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            close(socket)
            return nil
        }
        prepare(socket)
        return socket
    }

    private static func prepare(_ socket: Int32) {
        enable(socket, Int32(IPPROTO_TCP), TCP_NODELAY)
        var size: Int32 = 1 << 20
        unsafe setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func enable(_ socket: Int32, _ level: Int32, _ option: Int32) {
        var one: Int32 = 1
        unsafe setsockopt(socket, level, option, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    /// Sends what the socket takes; nil where the connection is gone.
    static func send(_ socket: Int32, _ bytes: [UInt8], from offset: Int) -> Int? {
        let sent = unsafe bytes.withUnsafeBytes {
            unsafe Glibc.send(
                socket, $0.baseAddress! + offset, $0.count - offset, Int32(MSG_NOSIGNAL))
        }
        if sent < 0 { return errno == EAGAIN || errno == EINTR ? 0 : nil }
        return sent
    }

    /// Appends what has arrived; false where the connection is gone.
    static func receive(_ socket: Int32, _ buffer: inout [UInt8], into bytes: inout [UInt8]) -> Bool {
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe recv(socket, $0.baseAddress!, $0.count, 0)
        }
        if count < 0 { return errno == EAGAIN || errno == EINTR }
        Bytes.append(buffer, 0..<count, to: &bytes)
        return count > 0
    }

    /// Waits until one of the sockets is ready or time is up.
    static func wait(_ entries: inout [pollfd], milliseconds: Int32) {
        unsafe poll(&entries, nfds_t(entries.count), milliseconds)
    }

    /// As many sockets as the system allows this process.
    static func raiseLimit() {
        var limit = rlimit()
        let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        unsafe getrlimit(files, &limit)
        limit.rlim_cur = limit.rlim_max
        unsafe setrlimit(files, &limit)
    }
}
