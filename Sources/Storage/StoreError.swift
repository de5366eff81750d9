package import Journal

/// Why a store cannot be opened.
package enum StoreError: Error, Sendable, CustomStringConvertible {
    case log(LogError)
    case disk(DiskError)
    /// A snapshot is there and none can be read.
    case snapshot(String)

    package var description: String {
        switch self {
        case .log(let error): "the store's log cannot be used: \(error)"
        case .disk(let error): "the store's folder cannot be used: \(error)"
        case .snapshot(let reason): "no snapshot of the store can be read: \(reason)"
        }
    }
}
