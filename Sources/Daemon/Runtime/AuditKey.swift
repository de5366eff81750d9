import Audit
import Foundation

/// The key that signs checkpoints of the audit log: 32 random bytes in the storage folder, mode 0600.
enum AuditKey {
    /// Reads the key, or makes one.
    /// - Throws: `StartError` where others can read it or it cannot be written: nothing may be signed then.
    static func load(folder: String, origin: String) throws(StartError) -> NoteSigner {
        let path = folder + "/audit.key"
        let seed: [UInt8]
        if let data = FileManager.default.contents(atPath: path) {
            try PrivateFile.check(path)
            seed = Array(data)
        } else {
            seed = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
            try PrivateFile.write(Data(seed), to: path)
        }
        guard let signer = NoteSigner(name: origin, seed: seed) else {
            throw StartError(
                "\(path) must hold 32 bytes and audit.origin must be a name without blanks or plus signs, found \(seed.count) "
                    + "bytes and \"\(origin)\"")
        }
        return signer
    }
}

/// Files that only their owner may read.
enum PrivateFile {
    static func check(_ path: String) throws(StartError) {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        let mode = (attributes?[.posixPermissions] as? NSNumber)?.intValue ?? 0
        guard mode & 0o077 == 0 else {
            throw StartError("\(path) can be read by others (mode \(String(mode, radix: 8))): chmod 600 it")
        }
    }

    static func write(_ data: Data, to path: String) throws(StartError) {
        guard
            FileManager.default.createFile(
                atPath: path, contents: data, attributes: [.posixPermissions: 0o600])
        else {
            throw StartError("cannot write \(path)")
        }
    }
}
