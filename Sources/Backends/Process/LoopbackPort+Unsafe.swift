import Glibc
import SwiftOverlayShims

/// A TCP port of 127.0.0.1 on which nobody listens.
enum LoopbackPort {
    /// `preferred` where it is free, else one that the kernel picks; nil where there is none. Free means free now:
    /// who gets it too late fails to listen, and its replica is launched again on another one.
    static func free(preferring preferred: Int? = nil) -> Int? {
        if let preferred, let port = bind(preferred) { return port }
        return bind(0)
    }

    /// The address struct is fully initialised and passed with its own size.
    private static func bind(_ port: Int) -> Int? {
        guard let port = UInt16(exactly: port) else { return nil }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // A port whose last connections linger is free all the same.
        var yes: Int32 = 1
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe Glibc.bind(descriptor, address, size) == 0
                    && getsockname(descriptor, address, &size) == 0
            }
        }
        return isBound ? Int(UInt16(bigEndian: address.sin_port)) : nil
    }
}
