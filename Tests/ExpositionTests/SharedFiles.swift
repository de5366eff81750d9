import Glibc

/// Files of the folder `shared` beside the checkout, or where FLYBALL_SHARED says.
enum SharedFiles {
    /// The folder with its final slash, or nil where it is not there.
    static let folder: String? = {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        let beside = root.dropLast().joined(separator: "/") + "/shared/"
        let named = unsafe getenv("FLYBALL_SHARED").map { unsafe String(cString: $0) + "/" }
        return [beside, named].compactMap { $0 }.first { unsafe access($0, R_OK) == 0 }
    }()

    /// The bytes of a file, unpacked where its name ends in `.xz`.
    static func read(_ path: String) throws -> [UInt8] {
        guard let folder else { return [] }
        let whole = folder + path
        let command = whole.hasSuffix(".xz") ? "xz -dc '\(whole)'" : "cat '\(whole)'"
        guard let pipe = unsafe popen(command, "r") else { throw POSIXFailure(call: "popen", code: errno) }
        defer { unsafe pclose(pipe) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while case let count = unsafe fread(&buffer, 1, buffer.count, pipe), count > 0 {
            bytes += buffer[..<count]
        }
        return bytes
    }

    struct POSIXFailure: Error {
        var call: String
        var code: Int32
    }
}
