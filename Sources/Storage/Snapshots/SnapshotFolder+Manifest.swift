import Codecs
import Journal

/// The record of a manifest.
extension SnapshotFolder {
    static func encode(_ manifest: Manifest) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(varint: manifest.sequence)
        bytes.append(varint: UInt64(manifest.stateByteCount))
        append(manifest.chunkFiles, to: &bytes)
        bytes.append(varint: UInt64(manifest.rollupFiles.files.count))
        for (resolution, files) in manifest.rollupFiles.files.sorted(by: { $0.key < $1.key }) {
            bytes.append(signedVarint: resolution)
            append(files, to: &bytes)
        }
        for file in manifest.chunkFiles + manifest.rollupFiles.all.map(\.file) {
            bytes.append(signedVarint: file.first ?? .min)
        }
        bytes.append(varint: manifest.logEnd?.number ?? 0)
        bytes.append(varint: UInt64(manifest.logEnd?.length ?? 0))
        return bytes
    }

    private static func append(_ files: [ChunkFile], to bytes: inout [UInt8]) {
        bytes.append(varint: UInt64(files.count))
        for file in files {
            bytes.append(varint: file.number)
            bytes.append(signedVarint: file.last)
            bytes.append(varint: UInt64(file.byteCount))
        }
    }

    static func decode(_ record: [UInt8], _ number: UInt64) throws(CodecError) -> Manifest {
        let bytes = record.span
        var cursor = ByteCursor(count: bytes.count)
        var manifest = Manifest(
            number: number, sequence: try cursor.varint(bytes),
            stateByteCount: Int(clamping: try cursor.varint(bytes)), chunkFiles: try files(bytes, &cursor))
        // Manifests of stores that made no rollups end here.
        guard !cursor.isAtEnd else { return manifest }
        for _ in 0..<(try cursor.length(bytes)) {
            let resolution = try cursor.signedVarint(bytes)
            manifest.rollupFiles.files[resolution] = try files(bytes, &cursor)
        }
        // Older ones end here.
        guard !cursor.isAtEnd else { return manifest }
        for index in manifest.chunkFiles.indices {
            manifest.chunkFiles[index].first = try first(bytes, &cursor)
        }
        for resolution in manifest.rollupFiles.files.keys.sorted() {
            for index in manifest.rollupFiles.files[resolution]!.indices {
                manifest.rollupFiles.files[resolution]![index].first = try first(bytes, &cursor)
            }
        }
        guard !cursor.isAtEnd else { return manifest }
        let number = try cursor.varint(bytes)
        let length = Int(clamping: try cursor.varint(bytes))
        if number > 0 { manifest.logEnd = LogEnd(number: number, length: length) }
        return manifest
    }

    private static func first(_ bytes: Span<UInt8>, _ cursor: inout ByteCursor) throws(CodecError) -> Int64? {
        let time = try cursor.signedVarint(bytes)
        return time == .min ? nil : time
    }

    private static func files(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor
    ) throws(CodecError) -> [ChunkFile] {
        var files: [ChunkFile] = []
        for _ in 0..<(try cursor.length(bytes)) {
            let number = try cursor.varint(bytes)
            let last = try cursor.signedVarint(bytes)
            files.append(
                ChunkFile(number: number, last: last, byteCount: Int(clamping: try cursor.varint(bytes))))
        }
        return files
    }
}
