import Curl
import Documents

/// Asks the service for the replicas of a workload: `GET /api/v1/fleet/endpoints?workload=NAME`.
struct EndpointSource: Sendable {
    private struct Answer: Decodable {
        struct Data: Decodable { var endpoints: [BalancerPool.Endpoint] }
        var data: Data
    }

    let service: String
    let workload: String
    let transport: any Transport

    /// Nil where the service cannot be asked or answers something else; whoever asked keeps the last list.
    func endpoints() async -> [BalancerPool.Endpoint]? {
        let request = TransportRequest(
            url: "\(service)/api/v1/fleet/endpoints?workload=\(workload)", timeout: .seconds(2),
            maxBodyBytes: 4 << 20)
        guard let response = try? await transport.perform(request), response.status == 200 else { return nil }
        return try? CanonicalJSON.decode(Answer.self, from: response.body).data.endpoints
    }
}
