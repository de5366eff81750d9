import Foundation

/// The bearer token that state-changing routes ask for: 256 random bits, kept in the storage folder with mode 0600.
enum AccessToken {
    /// Reads the token, or makes one.
    /// - Throws: `StartError` where others can read the file or it cannot be written.
    static func load(folder: String) throws(StartError) -> String {
        let path = folder + "/token"
        if let existing = try? String(contentsOfFile: path, encoding: .utf8) {
            try PrivateFile.check(path)
            let token = existing.trimmingCharacters(in: .whitespacesAndNewlines)
            if token.count >= 32 { return token }
        }
        let digits = Array("0123456789abcdef")
        let token = String((0..<64).map { _ in digits[Int.random(in: 0..<16)] })
        try PrivateFile.write(Data((token + "\n").utf8), to: path)
        return token
    }
}

/// Why the service does not start, in one line for a person.
package struct StartError: Error, CustomStringConvertible, Sendable {
    package var description: String
    package init(_ description: String) { self.description = description }
}
