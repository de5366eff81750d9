// swift-tools-version: 6.2
import PackageDescription

let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hbtesting = Target.Dependency.product(name: "HummingbirdTesting", package: "hummingbird")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// One line a module, bottom to top: a module imports only modules above its own line.
/// `Tests/ArchitectureTests` holds the whole list and refuses an arrow that points down.
let package = Package(
    name: "flyball",
    products: [.executable(name: "flyball", targets: ["flyball"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CSnappy", providers: [.apt(["libsnappy-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CByteClasses"),
        .systemLibrary(name: "CChecksum"),
        .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2"), .linkedLibrary("stdc++")]),
        module("TimeSeries", "CRE2"),
        module("Documents", products: [yams]),
        module("Codecs", "CLZ4", "CSnappy", "CChecksum"),
        module("Journal", "Codecs"),
        module("Curl", "CCurl"),
        module("Relabelling", "TimeSeries", "Documents"),
        module("Exposition", "CByteClasses", "TimeSeries", "Codecs"),
        module("Storage", "TimeSeries", "Codecs", "Journal"),
        module("Forecasting"),
        module("PromQL", "TimeSeries", "Forecasting"),
        module("Discovery", "TimeSeries", "Documents", "Relabelling", "Curl"),
        module(
            "Scraping", "TimeSeries", "Documents", "Codecs", "Exposition", "Relabelling", "Discovery", "Curl"),
        module("Rules", "TimeSeries", "Documents", "Exposition", "PromQL"),
        module(
            "Notification", "TimeSeries", "Documents", "Exposition", "Relabelling", "Discovery", "Rules",
            "Curl"),
        module("RemoteStorage", "TimeSeries", "Codecs"),
        module("Fleet", "TimeSeries", "Documents"),
        module("Scaling", "TimeSeries", "Documents", "PromQL", "Forecasting", "Fleet"),
        module("Placement", "TimeSeries", "Fleet"),
        module("Control", "TimeSeries", "Documents", "Fleet", "Scaling", "Placement"),
        module(
            "Audit", "TimeSeries", "Documents", "Journal", "Fleet", "Scaling", "Control", products: [crypto]),
        module("Coordination", "TimeSeries", "Documents", "Journal"),
        module(
            "Actuation", "TimeSeries", "Documents", "Journal", "Discovery", "Fleet", "Scaling", "Control",
            "Audit", "Coordination"),
        module("Backends", "TimeSeries", "Documents", "Exposition", "Curl", "Fleet", "Control", "Actuation"),
        module(
            "Simulation", "TimeSeries", "Documents", "Journal", "Curl", "Storage", "PromQL", "Discovery",
            "Scraping", "Rules", "Forecasting", "Fleet", "Scaling", "Placement", "Control", "Audit",
            "Coordination", "Actuation"),
        module("Web", "TimeSeries", "Documents", "Exposition", products: [hummingbird, log, lifecycle]),
        module(
            "HTTPAPI", "TimeSeries", "Documents", "Journal", "Exposition", "Storage", "PromQL", "Discovery",
            "Scraping", "Rules", "Notification", "RemoteStorage", "Fleet", "Scaling", "Control", "Audit",
            "Actuation", "Web"),
        module("Console", "Web", resources: [.embedInCode("Assets")]),
        module(
            "Demo", "TimeSeries", "Documents", "Curl", "Exposition", "Web",
            products: [hummingbird, lifecycle, log]),
        module(
            "Daemon", "TimeSeries", "Documents", "Codecs", "Journal", "Curl", "Relabelling", "Exposition",
            "Storage", "Forecasting", "PromQL", "Discovery", "Scraping", "Rules", "Notification",
            "RemoteStorage",
            "Fleet", "Scaling", "Placement", "Control", "Audit", "Coordination", "Actuation", "Backends",
            "Web", "HTTPAPI", "Console", products: [lifecycle, log, hummingbird]),
        module(
            "flyball", "TimeSeries", "Documents", "Curl", "Exposition", "Storage", "PromQL", "Rules",
            "Forecasting", "Fleet",
            "Scaling", "Control", "Audit", "Backends", "Journal", "Web", "Daemon", "Simulation", "Demo",
            products: [arguments, log, lifecycle]),
        benchmark(
            "storage-benchmark", in: "StorageBenchmark", "TimeSeries", "Codecs", "Journal", "Storage", "Curl",
            "Discovery", "Exposition", "Scraping", "RemoteStorage", "LoadPayload"),
        support("LoadPayload", in: "Benchmarks"),
        benchmark("load-generator", in: "LoadGenerator", "Codecs", "LoadPayload"),
        benchmark(
            "query-benchmark", in: "QueryBenchmark", "TimeSeries", "Codecs", "Journal", "Storage", "PromQL"),
        benchmark("forecast-benchmark", in: "ForecastBenchmark", "Forecasting", "TextFiles"),
        benchmark(
            "scaling-benchmark", in: "ScalingBenchmark", "TimeSeries", "Documents", "Fleet", "Scaling",
            "TextFiles"),
        benchmark("promql-fuzz", in: "PromQLFuzz", "PromQL", "PromQLReference", "TextFiles"),
        support("PromQLReference", "TimeSeries", "PromQL"),
        support("TextFiles"),
        benchmark(
            "scaling-latency", in: "ScalingLatency", "TimeSeries", "Journal", "Storage", "PromQL", "Fleet",
            "Scaling", "Control", "Audit", "Coordination", "Actuation"),
        tests("TimeSeries", "TimeSeries"),
        tests("Documents", "Documents"),
        tests("Codecs", "Codecs"),
        tests("Journal", "Codecs", "Journal"),
        tests("Curl", "Curl"),
        tests("Relabelling", "TimeSeries", "Documents", "Relabelling"),
        tests("Exposition", "TimeSeries", "Codecs", "Exposition"),
        tests("Storage", "TimeSeries", "Codecs", "Journal", "Storage", "PromQL", exclude: ["Golden"]),
        tests("Forecasting", "Forecasting"),
        tests(
            "PromQL", "TimeSeries", "PromQL",
            products: [.target(name: "PromQLReference"), .target(name: "TextFiles")],
            exclude: ["Scripts"]),
        tests("Discovery", "TimeSeries", "Documents", "Relabelling", "Curl", "Discovery"),
        tests(
            "Scraping", "TimeSeries", "Documents", "Codecs", "Exposition", "Relabelling", "Discovery", "Curl",
            "Scraping"),
        tests("Rules", "TimeSeries", "Documents", "Exposition", "PromQL", "Rules"),
        tests(
            "Notification", "TimeSeries", "Documents", "Exposition", "Curl", "Relabelling", "Discovery",
            "Rules",
            "Notification"),
        tests(
            "RemoteStorage", "TimeSeries", "Codecs", "Journal", "Storage", "RemoteStorage",
            exclude: ["Golden"]),
        tests("Fleet", "TimeSeries", "Documents", "Fleet"),
        tests("Scaling", "TimeSeries", "Documents", "PromQL", "Forecasting", "Fleet", "Scaling"),
        tests("Placement", "TimeSeries", "Fleet", "Placement"),
        tests(
            "Control", "TimeSeries", "Documents", "Fleet", "Scaling", "Placement", "Control", "Actuation",
            exclude: ["Scripts"]),
        tests("Audit", "TimeSeries", "Documents", "Journal", "Fleet", "Scaling", "Control", "Audit"),
        tests("Coordination", "TimeSeries", "Documents", "Journal", "Coordination"),
        tests(
            "Actuation", "TimeSeries", "Documents", "Journal", "Fleet", "Scaling", "Control", "Audit",
            "Coordination", "Actuation"),
        tests("Backends", "TimeSeries", "Documents", "Curl", "Fleet", "Control", "Actuation", "Backends"),
        tests(
            "Simulation", "TimeSeries", "Journal", "Storage", "Fleet", "Control", "Actuation", "Simulation"),
        tests("Web", "Documents", "Exposition", "Web", products: [hbtesting]),
        tests(
            "HTTPAPI", "TimeSeries", "Documents", "Journal", "PromQL", "Discovery", "Scraping", "Storage",
            "Notification", "Rules", "RemoteStorage", "Fleet", "Scaling", "Control", "Audit", "Web",
            "HTTPAPI", products: [hbtesting, log]),
        tests("Console", "Web", "Console", products: [hbtesting, log]),
        tests("Demo", "TimeSeries", "Curl", "Fleet", "Web", "Demo"),
        tests(
            "Daemon", "TimeSeries", "Documents", "Curl", "Storage", "Fleet", "Control", "Actuation",
            "Backends",
            "Daemon", products: [log]),
        tests("flyball", "flyball", products: [arguments]),
        tests("Architecture", products: [.target(name: "TextFiles")]),
        tests("EndToEnd", "TimeSeries", "Documents", "Codecs", "Curl", "Exposition"),
    ]
)

/// A target of ours with the settings that all of them share.
func module(
    _ name: String, _ modules: String..., products: [Target.Dependency] = [], resources: [Resource] = []
) -> Target {
    let dependencies = modules.map { Target.Dependency.target(name: $0) } + products
    return name == "flyball"
        ? .executableTarget(name: name, dependencies: dependencies, swiftSettings: shared())
        : .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: shared())
}

/// A program of `Benchmarks/`, for release builds.
func benchmark(_ name: String, in folder: String, _ modules: String...) -> Target {
    .executableTarget(
        name: name, dependencies: modules.map { .target(name: $0) }, path: "Benchmarks/" + folder,
        swiftSettings: shared())
}

/// What programs of `Benchmarks/` share with each other or with tests.
func support(_ name: String, in folder: String = "Tests", _ modules: String...) -> Target {
    .target(
        name: name, dependencies: modules.map { .target(name: $0) }, path: folder + "/" + name,
        swiftSettings: shared())
}

/// The tests of a module.
func tests(
    _ name: String, _ modules: String..., products: [Target.Dependency] = [], exclude: [String] = []
) -> Target {
    .testTarget(
        name: name + "Tests",
        dependencies: modules.map { Target.Dependency.target(name: $0) } + products,
        exclude: exclude, swiftSettings: shared())
}

/// The settings of every target.
func shared() -> [SwiftSetting] {
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
        .strictMemorySafety(),
        .treatAllWarnings(as: .error),
    ]
}
