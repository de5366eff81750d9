import CCurl

/// An easy handle, freed with its last reference, and what it was told last.
///
/// Safety: both lists live until `reset` or `deinit`, as libcurl asks for as long as the handle refers to them.
@safe final class CurlHandle {
    let easy: UnsafeMutableRawPointer
    /// Where libcurl writes what went wrong, at most CURL_ERROR_SIZE bytes with the final zero.
    let message: UnsafeMutablePointer<CChar>
    /// The request it is set up for; nil where it cannot be repeated.
    var request: TransportRequest?
    var headerList: UnsafeMutablePointer<curl_slist>?
    var connectList: UnsafeMutablePointer<curl_slist>?

    init() {
        unsafe easy = curl_easy_init()!
        unsafe message = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        unsafe curl_easy_cleanup(easy)
        freeLists()
        unsafe message.deallocate()
    }

    func reset() {
        unsafe curl_easy_reset(easy)
        freeLists()
        request = nil
        clearMessage()
    }

    func clearMessage() { unsafe message.pointee = 0 }

    private func freeLists() {
        unsafe curl_slist_free_all(headerList)
        unsafe curl_slist_free_all(connectList)
        unsafe headerList = nil
        unsafe connectList = nil
    }
}

/// Handles between their requests. Who asks the same again gets the handle that is set up for it.
struct CurlHandlePool {
    private var settled: [String: CurlHandle] = [:]
    private var others: [CurlHandle] = []
    private static let settledLimit = 4096
    private static let otherLimit = 64

    mutating func take(for request: TransportRequest) -> CurlHandle {
        settled.removeValue(forKey: request.url) ?? others.popLast() ?? CurlHandle()
    }

    mutating func put(_ handle: CurlHandle) {
        if let url = handle.request?.url, settled[url] == nil, settled.count < CurlHandlePool.settledLimit {
            settled[url] = handle
        } else if others.count < CurlHandlePool.otherLimit {
            others.append(handle)
        }
    }
}
