package import Backends
package import Fleet

/// What `flyball node` is told: who it is, where its folder is, how long it lives without its service.
package struct NodeOptions: Hashable, Sendable {
    package var spec: NodeSpec
    package var folder: NodeFolder
    package var lease: Duration
    /// Of /metrics on 127.0.0.1; 0 takes any free one.
    package var metricsPort: Int

    package init(spec: NodeSpec, folder: NodeFolder, lease: Duration = .seconds(30), metricsPort: Int = 0) {
        self.spec = spec
        self.folder = folder
        self.lease = lease
        self.metricsPort = metricsPort
    }
}
