import CCurl
import Glibc

/// A request that libcurl works on. Lives on the loop's thread only.
///
/// Safety: libcurl's callbacks receive this object unretained; the loop's table holds it until the handle has been
/// removed from the multi handle, after which libcurl calls nothing of it. The header list lives as long as the handle.
@safe final class CurlTransfer {
    /// What libcurl is used for.
    enum Purpose {
        case answer
        /// The same in the time that is left, where another way has failed.
        case lateAnswer
        /// Only the connection, for `SteadyConnection`.
        case connection
    }

    let handle: CurlHandle
    let job: CurlJob
    let purpose: Purpose
    private var headers: [(name: String, value: String)] = []
    private var body: [UInt8]
    private var isTooLarge = false

    private init(_ job: CurlJob, _ purpose: Purpose, _ handle: CurlHandle, _ body: [UInt8]) {
        self.job = job
        self.purpose = purpose
        self.handle = handle
        self.body = body
        self.body.removeAll(keepingCapacity: true)
    }

    /// Hands the request to libcurl; where that refuses it, answers it at once and returns nil.
    /// - Parameter body: memory for the answer; what is in it is thrown away.
    @unsafe static func begin(
        _ job: CurlJob, for purpose: Purpose, _ handle: CurlHandle, body: [UInt8],
        multi: UnsafeMutableRawPointer
    ) -> CurlTransfer? {
        let transfer = CurlTransfer(job, purpose, handle, body)
        let isKnown = purpose == .answer && handle.request.map { job.request.isRepetition(of: $0) } ?? false
        if isKnown {
            handle.clearMessage()
        } else {
            handle.reset()
            transfer.configure()
            handle.request = purpose == .answer && job.request.body.isEmpty ? job.request : nil
        }
        transfer.connectCallbacks()
        guard unsafe curl_multi_add_handle(multi, handle.easy) == CURLM_OK else {
            transfer.finish(with: .failure(.failed("libcurl took no further request")))
            return nil
        }
        return transfer
    }

    @unsafe static func id(of easy: UnsafeMutableRawPointer) -> UInt64? {
        var pointer: UnsafeMutablePointer<CChar>?
        unsafe flyball_getinfo_pointer(easy, CURLINFO_PRIVATE, &pointer)
        guard let pointer = unsafe pointer else { return nil }
        return unsafe Unmanaged<CurlTransfer>.fromOpaque(pointer).takeUnretainedValue().job.id
    }

    func finish(with result: Result<TransportResponse, TransportError>) {
        job.continuation.resume(returning: result)
    }

    private func set(_ option: CURLoption, _ value: Int) {
        unsafe flyball_setopt_long(handle.easy, option, value)
    }

    private func set(_ option: CURLoption, _ text: String) {
        _ = unsafe text.withCString { unsafe flyball_setopt_string(handle.easy, option, $0) }
    }

    private func configure() {
        let request = job.request
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_PROXY, "")
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        // Not from https back to http; libcurl itself keeps credentials from other hosts.
        let isSecure = request.url.prefix(8).lowercased() == "https://"
        set(CURLOPT_REDIR_PROTOCOLS_STR, isSecure ? "https" : "http,https")
        set(CURLOPT_FOLLOWLOCATION, request.followsRedirects ? 1 : 0)
        set(CURLOPT_MAXREDIRS, 3)
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        set(CURLOPT_BUFFERSIZE, 128 << 10)
        // A connection is kept rather than an address; libcurl looks through all kept addresses after each transfer.
        set(CURLOPT_DNS_CACHE_TIMEOUT, 0)
        if purpose == .connection { set(CURLOPT_CONNECT_ONLY, 1) }
        let timeout = Int(
            purpose == .answer ? request.timeoutMilliseconds : max(1, job.deadline - CurlEvents.now))
        set(CURLOPT_TIMEOUT_MS, timeout)
        set(CURLOPT_CONNECTTIMEOUT_MS, timeout)
        if let path = request.unixSocket { set(CURLOPT_UNIX_SOCKET_PATH, path) }
        if request.acceptsGzip { set(CURLOPT_ACCEPT_ENCODING, "gzip") }
        var extra: [String] = []
        if let tls = request.tls {
            extra = configure(tls, url: request.url)
        } else {
            set(CURLOPT_URL, request.url)
        }
        configureBody(request)
        configureHeaders(request, extra: extra)
    }

    /// Tells libcurl whom to call for this transfer.
    private func connectCallbacks() {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe flyball_setopt_pointer(handle.easy, CURLOPT_PRIVATE, context)
        unsafe flyball_setopt_pointer(handle.easy, CURLOPT_ERRORBUFFER, handle.message)
        unsafe flyball_setopt_pointer(handle.easy, CURLOPT_WRITEDATA, context)
        unsafe flyball_setopt_pointer(handle.easy, CURLOPT_HEADERDATA, context)
        unsafe flyball_setopt_write(handle.easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            let transfer = unsafe Unmanaged<CurlTransfer>.fromOpaque(context!).takeUnretainedValue()
            return unsafe transfer.receive(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        unsafe flyball_setopt_write(handle.easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            let transfer = unsafe Unmanaged<CurlTransfer>.fromOpaque(context!).takeUnretainedValue()
            return unsafe transfer.receiveHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
    }

    private func configureBody(_ request: TransportRequest) {
        switch request.method {
        case "GET" where request.body.isEmpty: set(CURLOPT_HTTPGET, 1)
        case "HEAD": set(CURLOPT_NOBODY, 1)
        case let method:
            if !request.body.isEmpty || method == "POST" || method == "PUT" || method == "PATCH" {
                set(CURLOPT_POST, 1)
                set(CURLOPT_POSTFIELDSIZE, request.body.count)
                unsafe request.body.withUnsafeBytes { bytes in
                    let start = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress)
                    unsafe flyball_setopt_pointer(handle.easy, CURLOPT_COPYPOSTFIELDS, start)
                }
            }
            set(CURLOPT_CUSTOMREQUEST, method)
        }
    }

    private func configureHeaders(_ request: TransportRequest, extra: [String]) {
        var lines = extra
        for header in request.headers {
            // A line break in a value would start a header of its own.
            let value = header.value.filter { $0 != "\r" && $0 != "\n" && $0 != "\r\n" }
            lines.append(value.isEmpty ? "\(header.name);" : "\(header.name): \(value)")
        }
        lines.append("Expect:")
        if !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            lines.append("Content-Type:")
        }
        for line in lines {
            unsafe line.withCString { text in
                if let list = unsafe curl_slist_append(handle.headerList, text) {
                    unsafe handle.headerList = list
                }
            }
        }
        unsafe flyball_setopt_slist(handle.easy, CURLOPT_HTTPHEADER, handle.headerList)
    }

    /// Sets the URL and TLS; returns header lines that this needs. For another name in the certificate the URL
    /// carries that name and the connection goes to the real host, which is how libcurl sends and checks it.
    private func configure(_ tls: TransportTLS, url: String) -> [String] {
        if let file = tls.authorityFile { set(CURLOPT_CAINFO, file) }
        if let file = tls.certificateFile { set(CURLOPT_SSLCERT, file) }
        if let file = tls.keyFile { set(CURLOPT_SSLKEY, file) }
        if tls.skipsVerification {
            set(CURLOPT_SSL_VERIFYPEER, 0)
            set(CURLOPT_SSL_VERIFYHOST, 0)
        }
        guard let name = tls.serverName, !name.isEmpty, let parts = HTTPAddress(url), parts.scheme == "https"
        else {
            set(CURLOPT_URL, url)
            return []
        }
        let port = parts.port ?? 443
        unsafe "\(name):\(port):\(parts.host):\(port)".withCString { text in
            unsafe handle.connectList = curl_slist_append(nil, text)
        }
        unsafe flyball_setopt_slist(handle.easy, CURLOPT_CONNECT_TO, handle.connectList)
        set(CURLOPT_URL, "https://\(name):\(port)\(parts.rest)")
        return ["Host: \(parts.authority)"]
    }

    /// Memory for the answer, where libcurl has not filled it.
    func takeBody() -> [UInt8] {
        defer { body = [] }
        return body
    }

    /// A descriptor of our own for the connection that was made.
    func connection() -> Int32? {
        var socket = curl_socket_t(CURL_SOCKET_BAD)
        unsafe flyball_getinfo_socket(handle.easy, CURLINFO_ACTIVESOCKET, &socket)
        let own = fcntl(socket, F_DUPFD_CLOEXEC, 0)
        return own >= 0 ? own : nil
    }

    private func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard body.count + bytes.count <= job.request.maxBodyBytes else {
            isTooLarge = true
            return 0
        }
        if body.isEmpty {
            var length: curl_off_t = 0
            unsafe flyball_getinfo_offset(handle.easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length)
            if length <= job.request.maxBodyBytes { body.reserveCapacity(forAnswerOf: length) }
        }
        unsafe body.append(contentsOf: bytes)
        return bytes.count
    }

    private func receiveHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        if unsafe bytes.starts(with: "HTTP/".utf8) {
            // The head of another answer: after a redirect, or after 100 Continue.
            headers = []
            return bytes.count
        }
        guard let colon = unsafe bytes.firstIndex(of: UInt8(ascii: ":")) else { return bytes.count }
        var (start, end) = (colon + 1, bytes.count)
        while start < end, unsafe bytes[start] <= UInt8(ascii: " ") { start += 1 }
        while end > start, unsafe bytes[end - 1] <= UInt8(ascii: " ") { end -= 1 }
        let name = unsafe String(decoding: bytes[..<colon].lazy.map(CurlTransfer.lowercase), as: UTF8.self)
        headers.append((name: name, value: unsafe String(decoding: bytes[start..<end], as: UTF8.self)))
        return bytes.count
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte
    }

    /// What libcurl's verdict means to the caller.
    func result(_ code: CURLcode) -> Result<TransportResponse, TransportError> {
        let text = unsafe String(cString: handle.message)
        let reason = text.isEmpty ? unsafe String(cString: curl_easy_strerror(code)) : text
        switch code {
        case CURLE_OK:
            var status = 0
            var wireBytes: curl_off_t = 0
            unsafe flyball_getinfo_long(handle.easy, CURLINFO_RESPONSE_CODE, &status)
            unsafe flyball_getinfo_offset(handle.easy, CURLINFO_SIZE_DOWNLOAD_T, &wireBytes)
            return .success(
                TransportResponse(status: status, headers: headers, body: body, wireBytes: wireBytes))
        case CURLE_WRITE_ERROR where isTooLarge:
            return .failure(.bodyTooLarge(limit: job.request.maxBodyBytes))
        case CURLE_OPERATION_TIMEDOUT: return .failure(.timedOut)
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT: return .failure(.invalidURL(reason))
        case CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST: return .failure(.refused(reason))
        default: return .failure(.failed(reason))
        }
    }
}
