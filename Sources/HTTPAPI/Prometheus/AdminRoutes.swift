import Documents
import Journal
package import TimeSeries
package import Web

/// What the admin APIs do to the store.
package struct StoreAdministration: Sendable {
    package var deleteSeries:
        @Sendable (_ matcherSets: [[Matcher]], _ range: ClosedRange<Timestamp>) throws -> Void
    package var cleanTombstones: @Sendable () throws -> Void
    /// Returns the name of the folder that was made.
    package var snapshot: @Sendable (_ skipHead: Bool) throws -> String

    package init(
        deleteSeries: @escaping @Sendable ([[Matcher]], ClosedRange<Timestamp>) throws -> Void,
        cleanTombstones: @escaping @Sendable () throws -> Void,
        snapshot: @escaping @Sendable (Bool) throws -> String
    ) {
        self.deleteSeries = deleteSeries
        self.cleanTombstones = cleanTombstones
        self.snapshot = snapshot
    }
}

/// `/api/v1/admin/tsdb/...`, as Prometheus answers them: 503 where they are not switched on.
package struct AdminRoutes: Sendable {
    private let administration: StoreAdministration?

    /// - Parameter administration: nil where the admin APIs are not switched on.
    package init(administration: StoreAdministration?) { self.administration = administration }

    package var routes: [Route] {
        [
            Route(
                [.post, .put], "/api/v1/admin/tsdb/delete_series", role: .admin,
                "Deletes samples of series (match[]=, start=, end=)", handler: deleteSeries),
            Route(
                [.post, .put], "/api/v1/admin/tsdb/clean_tombstones", role: .admin,
                "Takes deleted samples out of memory and files", handler: cleanTombstones),
            Route(
                [.post, .put], "/api/v1/admin/tsdb/snapshot", role: .admin,
                "Copies the store into a folder (skip_head=)", handler: snapshot),
        ]
    }

    private func enabled() throws(WebError) -> StoreAdministration {
        guard let administration else { throw .unavailable("admin APIs disabled") }
        return administration
    }

    private func deleteSeries(_ request: WebRequest) async throws -> WebResponse {
        let administration = try enabled()
        let sets = try request.selectors()
        guard !sets.isEmpty else { throw WebError.badRequest("no match[] parameter provided") }
        let range = try request.range()
        try perform { try administration.deleteSeries(sets, range) }
        return WebResponse(status: 204, contentType: "application/json", body: [])
    }

    private func cleanTombstones(_ request: WebRequest) async throws -> WebResponse {
        let administration = try enabled()
        try perform { try administration.cleanTombstones() }
        return WebResponse(status: 204, contentType: "application/json", body: [])
    }

    private func snapshot(_ request: WebRequest) async throws -> WebResponse {
        let administration = try enabled()
        let skipHead = try flag(request, "skip_head")
        let name = try perform { try administration.snapshot(skipHead) }
        return Envelope.success { json in json.object { $0.field("name", name) } }
    }

    private func flag(_ request: WebRequest, _ name: String) throws(WebError) -> Bool {
        switch request[name] ?? "" {
        case "", "0", "f", "F", "false", "FALSE", "False": return false
        case "1", "t", "T", "true", "TRUE", "True": return true
        case let text: throw .badRequest("unable to parse boolean \"\(name)\" argument: \"\(text)\"")
        }
    }

    private func perform<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as WebError {
            throw error
        } catch {
            // As wherever the disk is full or fails: later it may not.
            if error is DiskError || (error as? LogError)?.isDisk == true {
                throw WebError.unavailable("\(error)")
            }
            throw WebError(500, "internal", "\(error)")
        }
    }
}
