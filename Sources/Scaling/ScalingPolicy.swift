/// placeholder
package struct ScalingPolicy: Hashable, Sendable, Codable {}
