package import Documents

extension FileDiscovery.Configuration {
    /// Reads `file_sd_configs`, of scrapes or of Alertmanagers.
    /// - Parameter directory: what relative paths are relative to, the folder of the configuration file.
    package static func list(_ fields: FieldReader, directory: String) -> [FileDiscovery.Configuration] {
        fields.list("file_sd_configs") { node in
            fields.document.mapping(node, "a file_sd_configs entry") { read($0, directory) }
        } ?? []
    }

    private static func read(_ fields: FieldReader, _ directory: String) -> FileDiscovery.Configuration {
        let files = fields.list("files") { node -> String? in
            guard let path = fields.document.string(node, "each of files") else { return nil }
            let endings = [".json", ".yml", ".yaml"]
            let star = path.firstIndex(of: "*")
            let isLast = star.map {
                !path[$0...].contains("/") && path[$0...].filter { $0 == "*" }.count == 1
            }
            guard endings.contains(where: path.lowercased().hasSuffix), isLast ?? true else {
                fields.document.report(
                    "\"\(path)\" must end in .json, .yml or .yaml, with at most one * in its last part",
                    at: node.position)
                return nil
            }
            return HTTPClientConfiguration.resolve(path, in: directory)
        }
        if files == nil || fields.node("files").map({ $0.isEmptyList }) ?? true {
            fields.report("file_sd_configs needs at least one of files", at: "files")
        }
        return FileDiscovery.Configuration(
            files: files ?? [], refreshInterval: fields.duration("refresh_interval") ?? .seconds(300))
    }
}

/// Prometheus' providers that are not here yet.
package enum UnsupportedDiscovery {
    private static let kinds = [
        "aws", "azure", "consul", "digitalocean", "dns", "docker", "dockerswarm", "ec2", "ecs", "eureka",
        "gce",
        "hetzner", "http", "ionos", "kubernetes", "kuma", "lightsail", "linode", "marathon", "msk", "nerve",
        "nomad",
        "oci", "openstack", "outscale", "ovhcloud", "puppetdb", "rds", "elasticache", "scaleway", "serverset",
        "stackit", "triton", "uyuni", "vultr",
    ]

    /// Refuses their keys, with a way out.
    package static func report(_ fields: FieldReader) {
        for kind in kinds where fields.has(kind + "_sd_configs") {
            fields.report(
                "\(kind)_sd_configs is not supported yet; file_sd_configs can hold its targets",
                at: kind + "_sd_configs")
        }
    }
}
