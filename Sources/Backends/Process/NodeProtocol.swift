import Actuation
import Fleet

/// A request to a node over its socket, whatever server received it.
package struct NodeAgentRequest: Hashable, Sendable {
    package var method: String
    /// Without a query.
    package var path: String
    package var body: [UInt8]

    package init(method: String, path: String, body: [UInt8] = []) {
        self.method = method
        self.path = path
        self.body = body
    }
}

/// The answer, JSON in its body.
package struct NodeAgentResponse: Hashable, Sendable {
    package var status: Int
    package var body: [UInt8]

    package init(status: Int, body: [UInt8] = []) {
        self.status = status
        self.body = body
    }
}

/// What a node says of itself.
struct NodeInventory: Hashable, Sendable, Codable {
    var node: Inventory.NodeReport
    var replicas: [Replica]
    var epoch: UInt64
    var revision: UInt64
    var limits: [String: String]
}

/// Why a node did not take a command. Status 409 for `fenced`, 422 for `refused`, 503 for `unavailable`.
struct NodeRefusal: Hashable, Sendable, Codable {
    enum Kind: String, Hashable, Sendable, Codable { case fenced, refused, unavailable }

    var kind: Kind
    var message: String
    var epoch: UInt64

    init(_ error: BackendError, epoch: UInt64) {
        self.epoch = epoch
        switch error {
        case .fenced(let seen):
            kind = .fenced
            message = "epoch \(seen) has been seen"
            self.epoch = seen
        case .refused(let why):
            kind = .refused
            message = why
        case .unavailable(let why), .ambiguous(let why):
            kind = .unavailable
            message = why
        }
    }

    var status: Int {
        switch kind {
        case .fenced: 409
        case .refused: 422
        case .unavailable: 503
        }
    }

    var error: BackendError {
        switch kind {
        case .fenced: .fenced(seen: epoch)
        case .refused: .refused(message)
        case .unavailable: .unavailable(message)
        }
    }
}
