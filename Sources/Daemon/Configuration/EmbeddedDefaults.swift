/// What `flyball serve` runs without a configuration file: itself as a target and three local nodes.
package enum EmbeddedDefaults {
    package static let name = "embedded defaults"

    package static let text = """
        global: { scrape_interval: 5s, scrape_timeout: 5s, evaluation_interval: 5s }
        fleet:
          backend:
            kind: process
            nodes:
            - { name: n1, cpu: 1, memory: 512MiB, labels: { zone: a } }
            - { name: n2, cpu: 1, memory: 512MiB, labels: { zone: b } }
            - { name: n3, cpu: 1, memory: 512MiB, labels: { zone: c } }
        """
}
