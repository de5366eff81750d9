import TimeSeries

extension FloatHistogram {
    /// As Prometheus writes a histogram: `{count:3, sum:4, [-1,1]:1, (1,2]:2}`.
    package var text: String {
        var text = "{count:\(NumberSyntax.text(count)), sum:\(NumberSyntax.text(sum))"
        for bucket in ascending where bucket.count != 0 {
            text +=
                ", " + (bucket.lowerInclusive ? "[" : "(") + NumberSyntax.text(bucket.lower) + ","
                + NumberSyntax.text(bucket.upper) + (bucket.upperInclusive ? "]" : ")")
                + ":" + NumberSyntax.text(bucket.count)
        }
        return text + "}"
    }
}
