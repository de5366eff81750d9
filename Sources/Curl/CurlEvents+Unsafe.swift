import CCurl
import Glibc

/// What a multi handle waits for: its sockets through epoll, and its next moment. Only what is ready is told to libcurl,
/// which would else ask each transfer under way at each step. Lives on the loop's thread only.
///
/// Safety: libcurl's callbacks receive this object unretained; the loop holds it until the multi handle is gone.
@safe final class CurlEvents {
    private let multi: UnsafeMutableRawPointer
    private let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    private let bell: Int32
    /// In milliseconds of the monotonic clock; nil while libcurl waits for sockets alone.
    private var deadline: Int64?
    private var ready = unsafe [epoll_event](repeating: epoll_event(), count: 64)

    /// - Parameter bell: an eventfd that ends the wait.
    @unsafe init(_ multi: UnsafeMutableRawPointer, bell: Int32) {
        unsafe self.multi = multi
        self.bell = bell
        control(EPOLL_CTL_ADD, bell, EPOLLIN.rawValue)
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe flyball_multi_setopt_pointer(multi, CURLMOPT_SOCKETDATA, context)
        unsafe flyball_multi_setopt_socket(multi) { _, socket, wanted, context, known in
            let events = unsafe Unmanaged<CurlEvents>.fromOpaque(context!).takeUnretainedValue()
            unsafe events.watch(socket, for: wanted, isKnown: known != nil)
            return 0
        }
        unsafe flyball_multi_setopt_pointer(multi, CURLMOPT_TIMERDATA, context)
        unsafe flyball_multi_setopt_timer(multi) { _, milliseconds, context in
            let events = unsafe Unmanaged<CurlEvents>.fromOpaque(context!).takeUnretainedValue()
            events.deadline = milliseconds < 0 ? nil : CurlEvents.now + Int64(milliseconds)
            return 0
        }
    }

    deinit { Glibc.close(epoll) }

    /// The loop's clock: monotonic, in milliseconds.
    static var now: Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    private func watch(_ socket: Int32, for wanted: Int32, isKnown: Bool) {
        guard wanted != CURL_POLL_REMOVE else {
            control(EPOLL_CTL_DEL, socket, 0)
            return
        }
        var events: UInt32 = 0
        if wanted & CURL_POLL_IN != 0 { events |= EPOLLIN.rawValue }
        if wanted & CURL_POLL_OUT != 0 { events |= EPOLLOUT.rawValue }
        if !isKnown {
            unsafe curl_multi_assign(multi, socket, Unmanaged.passUnretained(self).toOpaque())
        }
        control(isKnown ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, events)
    }

    private func control(_ operation: Int32, _ descriptor: Int32, _ events: UInt32) {
        var event = unsafe epoll_event(events: events, data: epoll_data_t(fd: descriptor))
        unsafe epoll_ctl(epoll, operation, descriptor, &event)
    }

    /// Watches a descriptor that is not libcurl's for something to read.
    func add(_ descriptor: Int32) { control(EPOLL_CTL_ADD, descriptor, EPOLLIN.rawValue) }

    func remove(_ descriptor: Int32) { control(EPOLL_CTL_DEL, descriptor, 0) }

    /// Waits until something is ready, a moment has come or the bell rings, and tells whom it concerns.
    /// - Parameter isBusy: there is something else to do: only looks.
    func wait(_ steady: SteadyConnections, isBusy: Bool) {
        let next = min(deadline ?? .max, steady.nextDeadline ?? .max)
        let patience = next == .max ? -1 : Int32(clamping: max(0, next - CurlEvents.now))
        let capacity = unsafe Int32(ready.count)
        let count = unsafe ready.withUnsafeMutableBufferPointer {
            unsafe epoll_wait(epoll, $0.baseAddress, capacity, isBusy ? 0 : patience)
        }
        for index in 0..<max(0, Int(count)) {
            let (socket, events) = unsafe (ready[index].data.fd, ready[index].events)
            if socket == bell {
                var rings: UInt64 = 0
                unsafe read(bell, &rings, 8)
            } else if !steady.receive(on: socket) {
                tell(socket, CurlEvents.selection(events))
            }
        }
        let now = CurlEvents.now
        steady.expire(at: now)
        if let deadline, deadline <= now {
            self.deadline = nil
            tell(CURL_SOCKET_TIMEOUT, 0)
        }
    }

    private func tell(_ socket: Int32, _ selection: Int32) {
        var running: Int32 = 0
        unsafe curl_multi_socket_action(multi, socket, selection, &running)
    }

    /// A broken connection is ready for both: who reads or writes then learns why.
    private static func selection(_ events: UInt32) -> Int32 {
        let broken = EPOLLERR.rawValue | EPOLLHUP.rawValue
        var selection: Int32 = 0
        if events & (EPOLLIN.rawValue | broken) != 0 { selection |= CURL_CSELECT_IN }
        if events & (EPOLLOUT.rawValue | broken) != 0 { selection |= CURL_CSELECT_OUT }
        return selection
    }
}
