import Foundation

/// Why a call of Foundation failed, in the words of the operating system.
enum SystemReason {
    /// The innermost POSIX error in lower case, such as "permission denied"; else what Foundation says.
    static func text(_ error: any Error) -> String {
        var found = error as NSError
        while let inner = found.userInfo[NSUnderlyingErrorKey] as? NSError { found = inner }
        guard found.domain == NSPOSIXErrorDomain, let text = unsafe strerror(Int32(clamping: found.code))
        else {
            return found.localizedDescription
        }
        return unsafe String(cString: text).lowercased()
    }
}
