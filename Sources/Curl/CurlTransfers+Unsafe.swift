import CCurl

/// The requests that are under way, each with libcurl or on a steady connection. Lives on the loop's thread only.
///
/// Safety: the multi handle outlives this object; each easy handle is in it no longer than its transfer is in the table.
@safe final class CurlTransfers {
    private let multi: UnsafeMutableRawPointer
    private let steady: SteadyConnections
    private var running: [UInt64: CurlTransfer] = [:]
    private var idle = CurlHandlePool()

    @unsafe init(_ multi: UnsafeMutableRawPointer, _ steady: SteadyConnections) {
        unsafe self.multi = multi
        self.steady = steady
    }

    /// Starts a request.
    /// - Parameter body: memory for the answer.
    func begin(_ job: CurlJob, body: [UInt8]) {
        switch steady.start(job, body: body) {
        case .sent: takeOver()
        case .needsConnection: start(job, for: .connection, body)
        case .foreign: start(job, for: .answer, body)
        }
    }

    private func start(_ job: CurlJob, for purpose: CurlTransfer.Purpose, _ body: [UInt8]) {
        let handle = idle.take(for: job.request)
        running[job.id] = unsafe CurlTransfer.begin(job, for: purpose, handle, body: body, multi: multi)
    }

    func cancel(_ id: UInt64) {
        guard let transfer = running.removeValue(forKey: id) else { return _ = steady.cancel(id) }
        unsafe curl_multi_remove_handle(multi, transfer.handle.easy)
        transfer.finish(with: .failure(.cancelled))
    }

    /// Answers the transfers that are complete.
    func collect() {
        var remaining: Int32 = 0
        while let message = unsafe curl_multi_info_read(multi, &remaining) {
            guard unsafe message.pointee.msg == CURLMSG_DONE, let easy = unsafe message.pointee.easy_handle,
                let id = unsafe CurlTransfer.id(of: easy)
            else { continue }
            let code = unsafe message.pointee.data.result
            let transfer = running.removeValue(forKey: id)
            let descriptor = transfer.flatMap { done in
                done.purpose == .connection && code == CURLE_OK ? done.connection() : nil
            }
            unsafe curl_multi_remove_handle(multi, easy)
            guard let transfer else { continue }
            if let descriptor {
                steady.adopt(descriptor, transfer.job, body: transfer.takeBody())
            } else if transfer.purpose == .connection && code == CURLE_OK {
                start(transfer.job, for: .lateAnswer, transfer.takeBody())
            } else {
                transfer.finish(with: transfer.result(code))
            }
            idle.put(transfer.handle)
        }
        takeOver()
    }

    /// Goes on with what steady connections do not answer.
    private func takeOver() {
        for returned in steady.takeReturned() { start(returned.job, for: .lateAnswer, returned.body) }
    }

    /// Cancels what runs.
    func retire() {
        for id in running.keys.sorted() { cancel(id) }
        steady.retire()
    }
}
