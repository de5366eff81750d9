package import RemoteStorage
package import Web

/// `/api/v1/write`, as Prometheus answers it: plain text, and 404 with the remedy where it is not switched on.
package struct RemoteWriteRoutes: Sendable {
    private let receiver: RemoteWriteReceiver?

    package init(receiver: RemoteWriteReceiver?) { self.receiver = receiver }

    package var routes: [Route] {
        [
            Route(
                [.post], "/api/v1/write", role: .ingest, "Takes in samples (remote write 1.0)",
                bodyLimit: receiver?.bodyLimit ?? RemoteWriteLimits().decodedBytes
            ) { request in
                guard let receiver else {
                    return .text(
                        "remote write receiver needs to be enabled with --web.enable-remote-write-receiver\n",
                        status: 404)
                }
                let answer = await receiver.receive(
                    request.body, contentType: request.headers["content-type"],
                    contentEncoding: request.headers["content-encoding"])
                var response = WebResponse.text(
                    answer.message.isEmpty ? "" : answer.message + "\n", status: answer.status)
                // A disk is not emptied in less; senders back off by themselves beyond it.
                if answer.status == 503 { response.headers.append((name: "Retry-After", value: "5")) }
                return response
            }
        ]
    }
}
