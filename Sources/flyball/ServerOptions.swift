import ArgumentParser
import Curl
import Foundation

/// Where the service is and how to prove that one may change it.
struct ServerOptions: ParsableArguments {
    @Option(
        name: [.long, .customLong("server")],
        help: "The service's address; FLYBALL_URL in the environment does the same.")
    var url: String = ProcessInfo.processInfo.environment["FLYBALL_URL"] ?? "http://127.0.0.1:9095"

    @Option(
        name: .customLong("token-file"),
        help:
            "The file with the bearer token that the service wrote; default `data/token`, or FLYBALL_TOKEN_FILE."
    )
    var tokenFile: String = ProcessInfo.processInfo.environment["FLYBALL_TOKEN_FILE"] ?? "data/token"

    /// Asks for a path and returns `data` of the envelope.
    func get(_ path: String, _ parameters: [(String, String)] = []) async throws -> JSON {
        try await call("GET", path + query(parameters), body: [], token: nil)
    }

    /// Asks for a path and returns the whole envelope. What is refused ends with exit code 2.
    func query(_ path: String, _ parameters: [(String, String)]) async throws -> JSON {
        let form = query(parameters).dropFirst()
        let isLabel = path.hasSuffix("/values")
        let (status, answer) = try await exchange(
            isLabel ? "GET" : "POST", isLabel ? path + query(parameters) : path,
            body: isLabel ? [] : Array(form.utf8),
            headers: isLabel ? [] : [(name: "Content-Type", value: "application/x-www-form-urlencoded")])
        if (200..<300).contains(status) { return answer }
        let message = answer["error"].string ?? "\(url)\(path) answered \(status)"
        guard status == 400 || status == 422 else { throw Failure(message) }
        Terminal.error(Terminal.paint(message, .red))
        throw ExitCode(2)
    }

    /// Changes something; needs the token.
    func post(_ path: String, _ body: [String: Any]) async throws -> JSON {
        let token: String
        do {
            token = try String(contentsOfFile: tokenFile, encoding: .utf8).trimmingCharacters(
                in: .whitespacesAndNewlines)
        } catch {
            throw Failure(
                "cannot read the token from \(tokenFile); name the file in the service's storage folder with --token-file"
            )
        }
        let data = try JSONSerialization.data(withJSONObject: body, options: [.sortedKeys])
        return try await call("POST", path, body: Array(data), token: token)
    }

    private func call(_ method: String, _ path: String, body: [UInt8], token: String?) async throws -> JSON {
        let headers = token.map {
            [
                (name: "Authorization", value: "Bearer " + $0),
                (name: "Content-Type", value: "application/json"),
            ]
        }
        let (status, answer) = try await exchange(method, path, body: body, headers: headers ?? [])
        guard (200..<300).contains(status) else {
            throw Failure(answer["error"].string ?? "\(url)\(path) answered \(status)")
        }
        return answer["data"].isPresent ? answer["data"] : answer
    }

    private func exchange(
        _ method: String, _ path: String, body: [UInt8], headers: [(name: String, value: String)]
    ) async throws -> (status: Int, answer: JSON) {
        let transport = CurlTransport()
        defer { transport.close() }
        var request = TransportRequest(method: method, url: url + path, body: body, timeout: .seconds(130))
        request.headers = headers
        let response: TransportResponse
        do {
            response = try await transport.perform(request)
        } catch {
            throw Failure("no answer from \(url): \(error); is `flyball serve` running there?")
        }
        guard let answer = try? JSON(bytes: response.body) else {
            throw Failure("\(url)\(path) answered \(response.status) with something that is not JSON")
        }
        return (response.status, answer)
    }

    private func query(_ parameters: [(String, String)]) -> String {
        guard !parameters.isEmpty else { return "" }
        return "?" + parameters.map { $0 + "=" + Self.escaped($1) }.joined(separator: "&")
    }

    /// A name as one segment of a path.
    static func segment(_ name: String) throws -> String {
        guard !name.isEmpty else { throw ValidationError("a name is needed, found \"\"") }
        return escaped(name)
    }

    /// A text as a part of a path, or as the value of a parameter.
    private static func escaped(_ text: String) -> String {
        let plain = text.utf8.allSatisfy { $0 == UInt8(ascii: ".") }
        let escaped = text.utf8.map { byte -> String in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                return String(UnicodeScalar(byte))
            // Dots alone are another folder.
            case UInt8(ascii: ".") where !plain: return "."
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                return "%" + (digits.count < 2 ? "0" : "") + digits
            }
        }
        return escaped.joined()
    }
}

/// One clear line and exit code 1.
struct Failure: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}
