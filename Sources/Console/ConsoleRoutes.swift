import Foundation
package import Web

/// The page at `/` and what it is made of. Its own files are compiled in; the chart library is served from where
/// Debian's package libjs-dygraphs puts it.
package struct ConsoleRoutes: Sendable {
    /// The folder of Debian's package.
    package static let chartLibrary = "/usr/share/javascript/dygraphs"

    private let assets: [Asset]

    /// - Parameter chartLibrary: the folder with `dygraph.min.js` and `dygraph.min.css`. Where it lacks them, the page says so
    ///   in place of its charts.
    package init(chartLibrary: String = Self.chartLibrary) {
        assets = Asset.own + ["dygraph.min.js", "dygraph.min.css"].map { Asset(named: $0, in: chartLibrary) }
    }

    package var routes: [Route] {
        assets.map { asset in
            Route([.get], asset.path, role: .open, asset.summary) { try asset.response(to: $0) }
        } + [
            // Where the links of Prometheus' alerts point; Alertmanager shows them to people.
            Route([.get], "/graph", role: .open, "The page, for links in alerts") { _ in
                WebResponse(
                    status: 302, contentType: "text/plain; charset=utf-8",
                    headers: [(name: "Location", value: "/")], body: [])
            }
        ]
    }
}

/// One file of the page.
struct Asset: Sendable {
    let path: String
    let summary: String
    private let contentType: String
    /// Nil where the file is not there.
    private let bytes: [UInt8]?
    private let tag: String

    init(_ path: String, _ contentType: String, _ bytes: [UInt8]?, _ summary: String = "A file of the page") {
        self.path = path
        self.contentType = contentType
        self.bytes = bytes
        self.summary = summary
        let hash = (bytes ?? []).reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3
        }
        tag = "\"\(String(hash, radix: 16))\""
    }

    /// A file of the chart library.
    init(named name: String, in folder: String) {
        let type = name.hasSuffix(".css") ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8"
        let data = FileManager.default.contents(atPath: folder + "/" + name)
        self.init("/assets/\(name)", type, data.map { Array($0) }, "A file of the chart library")
    }

    func response(to request: WebRequest) throws(WebError) -> WebResponse {
        guard let bytes else {
            throw .notFound(
                "\(path) is not there; install Debian's package libjs-dygraphs and restart the service")
        }
        // The browser asks each time and is told "unchanged": a new version shows at once.
        let headers = [(name: "Cache-Control", value: "no-cache"), (name: "ETag", value: tag)]
        if request.headers["if-none-match"] == tag {
            return WebResponse(status: 304, contentType: contentType, headers: headers, body: [])
        }
        return WebResponse(contentType: contentType, headers: headers, body: bytes)
    }

    private static let script = "text/javascript; charset=utf-8"

    /// The files in `Assets`, compiled in.
    static let own: [Asset] = [
        Asset("/", "text/html; charset=utf-8", PackageResources.index_html, "The page"),
        Asset("/assets/style.css", "text/css; charset=utf-8", PackageResources.style_css),
        Asset("/assets/icon.svg", "image/svg+xml", PackageResources.icon_svg),
        Asset("/assets/api.js", script, PackageResources.api_js),
        Asset("/assets/app.js", script, PackageResources.app_js),
        Asset("/assets/charts.js", script, PackageResources.charts_js),
        Asset("/assets/confirm.js", script, PackageResources.confirm_js),
        Asset("/assets/decisions.js", script, PackageResources.decisions_js),
        Asset("/assets/dom.js", script, PackageResources.dom_js),
        Asset("/assets/fleet.js", script, PackageResources.fleet_js),
        Asset("/assets/format.js", script, PackageResources.format_js),
        Asset("/assets/graphs.js", script, PackageResources.graphs_js),
        Asset("/assets/scaling.js", script, PackageResources.scaling_js),
        Asset("/assets/series.js", script, PackageResources.series_js),
        Asset("/assets/watch.js", script, PackageResources.watch_js),
    ]
}
