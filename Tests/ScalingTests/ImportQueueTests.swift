import Documents
import Testing

@testable import Scaling

/// Queues that a ScaledObject follows, by what their exporters call them.
struct ImportQueueTests {
    @Test(arguments: [
        (
            "{ type: rabbitmq, metadata: { queueName: jobs, vhostName: v, mode: MessageRate, value: '7' } }",
            #"sum(rate(rabbitmq_queue_messages_published_total{queue="jobs", queue_vhost="v"}[1m]))"#
        ),
        (
            "{ type: rabbitmq, metadata: { queueName: jobs, vhostName: v, value: '7' } }",
            #"sum(rabbitmq_queue_messages{queue="jobs", vhost="v"})"#
        ),
        (
            "{ type: rabbitmq, metadata: { queueName: ^j, useRegex: 'true', excludeUnacknowledged: 'true', value: '7' } }",
            #"sum(rabbitmq_queue_messages_ready{queue=~"^j"})"#
        ),
        (
            "{ type: rabbitmq, metadata: { queueName: j, queueLength: '7' } }",
            #"sum(rabbitmq_queue_messages{queue="j"})"#
        ),
        (
            "{ type: rabbitmq, metadata: { host: 'amqp://u:p@rmq:5672/shop', queueName: j, value: '7' } }",
            #"sum(rabbitmq_queue_messages{queue="j", vhost="shop"})"#
        ),
        (
            "{ type: rabbitmq, metadata: { host: 'http://rmq:15672/path/a%2fb?x', queueName: j, value: '7' } }",
            #"sum(rabbitmq_queue_messages{queue="j", vhost="a/b"})"#
        ),
        (
            "{ type: rabbitmq, metadata: { host: 'amqp://rmq:5672/', vhostName: v, queueName: j, value: '7' } }",
            #"sum(rabbitmq_queue_messages{queue="j", vhost="v"})"#
        ),
        (
            "{ type: rabbitmq, metadata: { host: 'amqp://rmq:5672/', queueName: j, value: '7' } }",
            #"sum(rabbitmq_queue_messages{queue="j"})"#
        ),
        (
            "{ type: aws-sqs-queue, metadata: { queueURL: 'https://sqs.eu-1.amazonaws.com/12/jobs', queueLength: '7' } }",
            #"sum(aws_sqs_approximate_number_of_messages_visible_average{queue_name="jobs"})"#
                + #" + sum(aws_sqs_approximate_number_of_messages_not_visible_average{queue_name="jobs"})"#
        ),
        (
            "{ type: aws-sqs-queue, metadata: { queueURL: jobs, queueLength: '7', scaleOnInFlight: 'false', "
                + "scaleOnDelayed: 'true' } }",
            #"sum(aws_sqs_approximate_number_of_messages_visible_average{queue_name="jobs"})"#
                + #" + sum(aws_sqs_approximate_number_of_messages_delayed_average{queue_name="jobs"})"#
        ),
        (
            "{ type: nats-jetstream, metadata: { stream: s, consumer: c, lagThreshold: '7' } }",
            #"sum(jetstream_consumer_num_pending{stream_name="s", consumer_name="c", is_consumer_leader="true"})"#
                + #" + sum(jetstream_consumer_num_ack_pending{stream_name="s", consumer_name="c", "#
                + #"is_consumer_leader="true"})"#
        ),
        (
            "{ type: redis-cluster, metadata: { listName: l, databaseIndex: '2', listLength: '7' } }",
            #"sum(redis_key_size{db="db2", key="l"})"#
        ),
        (
            "{ type: redis-streams, metadata: { stream: s, consumerGroup: g, pendingEntriesCount: '7' } }",
            #"sum(redis_stream_group_messages_pending{stream="s", group="g"})"#
        ),
        (
            "{ type: redis-streams, metadata: { stream: s, consumerGroup: g, lagCount: '7' } }",
            #"sum(redis_stream_group_lag{stream="s", group="g"})"#
        ),
        (
            "{ type: redis-streams, metadata: { stream: s, streamLength: '7' } }",
            #"sum(redis_stream_length{stream="s"})"#
        ),
        (
            "{ type: apache-kafka, metadata: { group: g, topic: t, lagThreshold: '7' } }",
            #"sum(kafka_consumergroup_lag{consumergroup="g", topic="t"})"#
        ),
    ])
    func `a queue's trigger measures what it measured`(trigger: String, query: String) throws {
        let object = """
            kind: ScaledObject
            metadata: { name: w }
            spec:
              scaleTargetRef: { name: w }
              minReplicaCount: 1
              triggers:
              - \(trigger)
            """

        let text = try PolicyImport(.keda, text: object, file: "f").text

        let signals = try PolicyFile.load([(name: "p.yml", text: text)])[0].signals
        #expect(signals.map(\.query) == [query])
        #expect(signals.map(\.target) == [.perReplica(7)])
    }

    @Test
    func `what only the environment of the workload knows is told`() throws {
        let object = """
            kind: ScaledObject
            metadata: { name: w }
            spec:
              scaleTargetRef: { name: w }
              triggers:
              - { type: rabbitmq, metadata: { hostFromEnv: RABBIT, passwordFromEnv: P, queueName: j, value: '7' } }
              - { type: aws-sqs-queue, metadata: { queueURLFromEnv: QUEUE, queueLength: '7' } }
            """

        let notes = try PolicyImport(.keda, text: object, file: "f").notes.map(\.description)

        #expect(notes.contains { $0.hasPrefix("f:6:35: hostFromEnv is a variable") }, "\(notes)")
        #expect(notes.contains { $0.hasPrefix("f:7:40: queueURLFromEnv is a variable") }, "\(notes)")
        #expect(!notes.contains { $0.contains("passwordFromEnv") }, "\(notes)")
    }
}
