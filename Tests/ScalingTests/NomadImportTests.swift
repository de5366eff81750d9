import Documents
import Fleet
import Testing
import TimeSeries

@testable import Scaling

/// Job and policy files as people have them: with variables, without blocks around them, with sizes of tasks.
struct NomadImportTests {
    private func imported(_ text: String) throws -> (policies: [ScalingPolicy], notes: [String]) {
        let result = try PolicyImport(.nomad, text: text, file: "f")
        return (
            try PolicyFile.load([(name: "p.yml", text: result.text)]), result.notes.map(\.description)
        )
    }

    private let check = """
        check "load" {
          source = "prometheus"
          query = "sum(load{job=\\"${var.service}\\"})"
          strategy "target-value" {
            target = 5
            max_scale_up = var.step
            max_scale_down = local.less
          }
        }
        """

    private func job(_ more: String = "", step: String = "default = 1") -> String {
        """
        variable "most" { default = 5 }
        variable "step" { \(step) }
        variable "service" { default = "web" }
        locals { less = 2 }
        job "shop" {
          group "api" {
            scaling {
              max = var.most
              policy {
                evaluation_interval = "20s"
                \(check)
              }
            }
            task "api" {
              driver = var.driver
              \(more)
            }
          }
        }
        """
    }

    @Test func `variables are taken for their defaults, which is told`() throws {
        let (policies, notes) = try imported(job())

        #expect(policies.map(\.maxReplicas) == [5])
        #expect(policies[0].signals[0].query == #"sum(load{job="web"})"#)
        let behaviour = policies[0].behaviour
        #expect(behaviour.up.limit == .largest([VelocityLimit.Rate(.replicas(1), per: .seconds(20))]))
        #expect(behaviour.down.limit == .largest([VelocityLimit.Rate(.replicas(2), per: .seconds(20))]))
        #expect(notes.count == 3, "\(notes)")
        #expect(notes.contains("f:8:13: var.most is taken for its default 5"), "\(notes)")
    }

    @Test func `a limit without a known number is told`() throws {
        let (policies, notes) = try imported(job(step: ""))

        #expect(policies[0].behaviour.up.limit == .none)
        #expect(
            notes.contains {
                $0.hasSuffix("max_scale_up is no number above zero, found var.step: there is no limit")
            }, "\(notes)")
    }

    @Test func `sizes of tasks are told`() throws {
        let (_, notes) = try imported(
            job("scaling \"cpu\" {\n policy { check \"p\" { strategy \"app-sizing-max\" {} } }\n }"))

        #expect(
            notes.contains {
                $0.hasSuffix(": the size of the task api (cpu) is not translated: write size into the policy")
            }, "\(notes)")
    }

    @Test func `a policy without a block around it is one`() throws {
        let (policies, _) = try imported(
            """
            min = 1
            max = 3
            policy {
              check "load" {
                source = "prometheus"
                query = "sum(load)"
                query_window = "2m"
                strategy "target-value" { target = 5 }
              }
              target "aws-asg" { node_class = "spot" }
            }
            """)

        #expect(policies.map(\.nodePool?.name) == ["spot"])
        #expect(policies.map(\.maxReplicas) == [3])
    }

    @Test func `a window of Nomad's own metrics is no advice about a query that is ours`() throws {
        let (_, notes) = try imported(
            """
            scaling "api" {
              max = 3
              policy {
                check "cpu" {
                  query = "avg_cpu"
                  query_window = "2m"
                  strategy "target-value" { target = 70 }
                }
              }
            }
            """)

        #expect(notes == ["f:6:22: query_window 2m: CPU is taken over a minute, memory as it is"])
    }

    @Test func `a file that scales nothing says so`() {
        do {
            _ = try PolicyImport(.nomad, text: "job \"a\" { group \"b\" { count = 1 } }", file: "f")
            Issue.record("accepted")
        } catch {
            #expect(error.description.contains("f:1:1: there is no scaling block in it"))
        }
    }

    @Test(arguments: [
        ("target = 70 threshold = 0.05", "threshold"), ("target = 70 strategy \"x\" {", "strategy"),
    ])
    func `what begins behind a value on its line is told`(line: String, next: String) {
        var parser = HCLParser("check \"c\" {\n  \(line)\n}\n", file: "f")
        let error = #expect(throws: DocumentError.self) { try parser.parse() }

        #expect(
            error?.description == "f:2:12: expected a new line before \"\(next)\": each has a line of its own"
        )
    }

    @Test(arguments: ["var.a == 3 ? 70 : 80", "max(70, var.a)"])
    func `an expression is a value`(text: String) {
        var parser = HCLParser("target = \(text)\n", file: "f")

        #expect(throws: Never.self) { try parser.parse() }
    }
}
