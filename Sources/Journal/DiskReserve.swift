import Synchronization

/// Disk space that is set aside, so that what must be written can be written when the disk is full: records of control,
/// before anything acts on them. A file of the size of the reserve holds the space; the most urgent writer deletes it, and
/// all others wait until it could be made again.
package final class DiskReserve: Sendable {
    package let byteCount: Int
    private let disk: any Disk
    private let path: String
    private let state: Mutex<State>

    private struct State {
        var isWhole = false
        /// Why the space could not be set aside, last time.
        var failure: DiskError?
    }

    /// Sets the space aside, where there is any. 0 bytes are no reserve: nobody has to wait for it.
    package init(_ disk: any Disk, path: String = "reserve", byteCount: Int = 64 << 20) {
        self.disk = disk
        self.path = path
        self.byteCount = byteCount
        state = Mutex(State())
        if byteCount == 0 { try? disk.remove(path) }
        try? fill()
    }

    /// Whether the space is set aside.
    package var isWhole: Bool { state.withLock { $0.isWhole } }

    /// Sets the space aside where it is not; cheap where it is.
    /// - Throws: `DiskError` where the disk is full: what can wait must not be written. Disks that cannot set space aside
    ///   for another reason hold nobody up.
    package func fill() throws(DiskError) {
        try state.withLock { state throws(DiskError) in
            guard !state.isWhole, byteCount > 0 else { return }
            do throws(DiskError) {
                let file = try disk.open(path, create: true)
                if try file.length() != byteCount {
                    try file.truncate(to: 0)
                    try file.allocate(byteCount)
                }
                file.close()
                state = State(isWhole: true)
            } catch {
                // A part of it must not keep others from the rest.
                try? disk.remove(path)
                state.failure = error
                guard error.isDiskFull else { return }
                var told = error
                told.message +=
                    "; \(byteCount) bytes are kept for records of control, free more than that (or keep less: storage.reserve)"
                throw told
            }
        }
    }

    /// Gives the space to a write that cannot wait; false where there is none to give.
    package func release() -> Bool {
        state.withLock { state in
            guard state.isWhole, (try? disk.remove(path)) != nil else { return false }
            state.isWhole = false
            return true
        }
    }
}
