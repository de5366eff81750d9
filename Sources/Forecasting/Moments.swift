/// Weighted sums of rows of features and their targets, of products of any two, from which a regression is
/// solved. They are taken around the plain means, so that a change of weights needs only the rows concerned.
struct Moments {
    let width: Int
    /// The sum of the weights.
    private(set) var total = 0.0
    private let lanes: Int
    private let targets: [Double]
    private let targetCentre: Double
    /// Rows of whole vectors less their means, filled up with zeros: four products at a time.
    private var centred: [SIMD4<Double>]
    private var centre: [SIMD4<Double>]
    /// Only the lanes up to the diagonal are summed: the lower triangle, and a little of the upper.
    private var products: [SIMD4<Double>]
    private var effect: [SIMD4<Double>]
    private var sum: [SIMD4<Double>]
    private var targetSum = 0.0

    /// - Parameter rows: row after row, `width` numbers each.
    init(rows: [Double], width: Int, targets: [Double]) {
        self.width = width
        self.targets = targets
        lanes = (width + 3) / 4
        centred = [SIMD4<Double>](repeating: .zero, count: targets.count * lanes)
        centre = [SIMD4<Double>](repeating: .zero, count: lanes)
        products = [SIMD4<Double>](repeating: .zero, count: width * lanes)
        effect = centre
        sum = centre
        targetCentre = targets.isEmpty ? 0 : targets.reduce(0, +) / Double(targets.count)
        for row in targets.indices {
            for column in 0..<width {
                centred[row * lanes + column >> 2][column & 3] = rows[row * width + column]
            }
            for lane in 0..<lanes { centre[lane] += centred[row * lanes + lane] }
        }
        for lane in 0..<lanes { centre[lane] /= Double(max(1, targets.count)) }
        for row in targets.indices {
            for lane in 0..<lanes { centred[row * lanes + lane] -= centre[lane] }
            add(row, weight: 1)
        }
    }

    /// Adds to a row's weight, or takes from it.
    /// - Precondition: it is one of the rows.
    mutating func add(_ row: Int, weight: Double) {
        precondition(targets.indices.contains(row), "one of \(targets.count) rows, found \(row)")
        let start = row * lanes
        let target = targets[row] - targetCentre
        total += weight
        targetSum += weight * target
        for lane in 0..<lanes {
            sum[lane] += weight * centred[start + lane]
            effect[lane] += weight * target * centred[start + lane]
        }
        // The innermost loop of every regression: half of it was looking whether indices are within bounds.
        unsafe products.withUnsafeMutableBufferPointer { products in
            unsafe centred.withUnsafeBufferPointer { centred in
                for column in 0..<width {
                    let scaled = unsafe weight * centred[start + column >> 2][column & 3]
                    let place = column * lanes
                    for lane in 0...(column >> 2) {
                        unsafe products[place + lane] += scaled * centred[start + lane]
                    }
                }
            }
        }
    }

    var targetMean: Double { total > 0 ? targetCentre + targetSum / total : 0 }

    func mean(_ column: Int) -> Double {
        centre[column >> 2][column & 3] + sum[column >> 2][column & 3] / total
    }

    /// Weighted sums of the products of two features less their means, the lower triangle of `width` rows.
    var covariances: [Double] {
        var lower = [Double](repeating: 0, count: width * width)
        for column in 0..<width {
            for other in 0...column {
                let shift = sum[column >> 2][column & 3] * sum[other >> 2][other & 3] / total
                lower[column * width + other] = products[column * lanes + other >> 2][other & 3] - shift
            }
        }
        return lower
    }

    /// The same of features and targets.
    var effects: [Double] {
        (0..<width).map { effect[$0 >> 2][$0 & 3] - sum[$0 >> 2][$0 & 3] * targetSum / total }
    }
}
