/// What bounds the notifier.
package struct NotifierOptions: Hashable, Sendable {
    /// Alerts that wait for one Alertmanager (`--alertmanager.notification-queue-capacity`).
    package var queueCapacity = 10_000
    /// Alerts in one request.
    package var maxBatch = 256
    /// How often a batch is tried; then it is given up, since its alerts come again in fresher form.
    package var maxAttempts = 4
    /// The pause behind the first failure; doubled for each that follows.
    package var firstPause = Duration.seconds(1)
    package var maxPause = Duration.seconds(30)
    /// How often the files of `file_sd_configs` are looked at.
    package var discoveryInterval = Duration.seconds(5)
    /// How long a stop may take to send what is queued.
    package var drainTimeout = Duration.seconds(5)

    package init() {}
}
