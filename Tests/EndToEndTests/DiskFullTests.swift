import Codecs
import Curl
import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// A service on a small disk of its own that runs full and gets space again.
    struct DiskFullTests {
        private func push(_ server: FlyballServer, _ number: Int, _ transport: CurlTransport) async throws
            -> TransportResponse
        {
            var message: [UInt8] = []
            let now = Int64(Date().timeIntervalSince1970 * 1000)
            var random = UInt64(number + 1) &* 0x9e37_79b9_7f4a_7c15
            for series in 0..<500 {
                random ^= random << 13
                random ^= random >> 7
                random ^= random << 17
                var fields: [UInt8] = []
                for (name, value) in [
                    ("__name__", "pushed"), ("batch", "\(number)"), ("series", "\(series)"),
                ] {
                    var label: [UInt8] = []
                    label.append(protobufField: 1, text: name)
                    label.append(protobufField: 2, text: value)
                    fields.append(protobufField: 1, bytes: label)
                }
                var sample: [UInt8] = []
                sample.append(protobufField: 1, double: Double(random >> 12))
                sample.append(protobufField: 2, integer: now)
                fields.append(protobufField: 2, bytes: sample)
                message.append(protobufField: 1, bytes: fields)
            }
            return try await transport.perform(
                TransportRequest(
                    method: "POST", url: server.url + "/api/v1/write", body: Snappy.compress(message.span),
                    timeout: .seconds(30)))
        }

        @Test func `a full disk: 503 with the reason, queries go on, and writes too once there is space`()
            async throws
        {
            try await withSandbox { sandbox in
                let data = sandbox.folder + "/data"
                try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
                let mounted = try await Sandbox.run(
                    "/bin/mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", data])
                // Without the right to mount there is no small disk to be had.
                guard mounted.status == 0 else { return }
                defer { _ = unsafe umount2(data, 2) }
                let server = try await FlyballServer(
                    sandbox, configuration: "global: { scrape_interval: 1s }\nstorage: { reserve: 4MiB }\n",
                    arguments: ["--web.enable-remote-write-receiver"])
                let transport = CurlTransport()
                defer { transport.close() }
                var acknowledged: [Int] = []
                #expect(try await push(server, 0, transport).status == 204)
                acknowledged.append(0)
                try fill(data, leaving: 100_000)

                var refusal: TransportResponse?
                for number in 1..<100 where refusal == nil {
                    let answer = try await push(server, number, transport)
                    if answer.status == 204 { acknowledged.append(number) } else { refusal = answer }
                }

                let answer = try #require(refusal)
                #expect(answer.status == 503)
                let reason = String(decoding: answer.body, as: UTF8.self)
                #expect(reason.contains("not durable") && reason.contains("No space left"), "\(reason)")
                #expect(answer.headers.contains { $0.name.lowercased() == "retry-after" && $0.value == "5" })
                #expect(try await server.value("count(pushed{batch=\"0\"})") == 500)
                let status = try await server.data("/api/v1/status/storage") as? [String: Any]
                #expect((status?["unavailable"] as? String)?.contains("No space left") == true)

                _ = unsafe unlink(data + "/filler")
                try await eventually("writes are acknowledged again, without a restart") {
                    let answer = try await push(server, 1000, transport)
                    return answer.status == 204
                }
                acknowledged.append(1000)
                try await eventually("the reserve is whole again") {
                    let metrics = String(decoding: try await server.body("/metrics"), as: UTF8.self)
                    return metrics.contains("\nflyball_storage_reserve_bytes 4.194304e+06")
                }
                try await server.killHard()
                try await server.restart()
                for number in acknowledged {
                    let found = try await server.value(
                        "count(last_over_time(pushed{batch=\"\(number)\"}[1h]))")
                    #expect(found == 500, "batch \(number)")
                }
                try await server.interrupt()
            }
        }

        /// Takes all space of the disk but so much.
        private func fill(_ folder: String, leaving bytes: Int) throws {
            var status = statvfs()
            #expect(unsafe statvfs(folder, &status) == 0)
            let free = Int(status.f_bavail) * Int(status.f_frsize)
            let file = try #require(
                FileManager.default.createFile(atPath: folder + "/filler", contents: nil)
                    ? FileHandle(forWritingAtPath: folder + "/filler") : nil)
            try file.write(contentsOf: Data(count: max(0, free - bytes)))
            try file.close()
        }
    }
}
