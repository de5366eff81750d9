import Glibc

/// The discrete Fourier transform of a power-of-two length, in place, for autocorrelation.
enum FourierTransform {
    /// - Precondition: both arrays have the same power-of-two length.
    static func transform(_ real: inout [Double], _ imaginary: inout [Double]) {
        let count = real.count
        precondition(count > 0 && count & (count - 1) == 0 && imaginary.count == count)
        reverseBits(&real, &imaginary)
        var half = 1
        while half < count {
            let angle = -Double.pi / Double(half)
            let stepReal = cos(angle)
            let stepImaginary = sin(angle)
            var start = 0
            while start < count {
                var turnReal = 1.0
                var turnImaginary = 0.0
                for low in start..<start + half {
                    let high = low + half
                    let productReal = real[high] * turnReal - imaginary[high] * turnImaginary
                    let productImaginary = real[high] * turnImaginary + imaginary[high] * turnReal
                    real[high] = real[low] - productReal
                    imaginary[high] = imaginary[low] - productImaginary
                    real[low] += productReal
                    imaginary[low] += productImaginary
                    let next = turnReal * stepReal - turnImaginary * stepImaginary
                    turnImaginary = turnReal * stepImaginary + turnImaginary * stepReal
                    turnReal = next
                }
                start += 2 * half
            }
            half *= 2
        }
    }

    private static func reverseBits(_ real: inout [Double], _ imaginary: inout [Double]) {
        var reversed = 0
        for index in 1..<max(1, real.count) {
            var bit = real.count >> 1
            while reversed & bit != 0 {
                reversed ^= bit
                bit >>= 1
            }
            reversed |= bit
            if index < reversed {
                real.swapAt(index, reversed)
                imaginary.swapAt(index, reversed)
            }
        }
    }

    /// The autocorrelation of a series at lags 0..<count, each lag normalised by the number of its products,
    /// so that a long lag is not smaller only for being long. All zero for a constant series.
    static func autocorrelation(_ values: [Double]) -> [Double] {
        let count = values.count
        guard count > 1 else { return [Double](repeating: 0, count: count) }
        var size = 1
        while size < 2 * count { size *= 2 }
        let mean = values.reduce(0, +) / Double(count)
        var real = values.map { $0 - mean } + [Double](repeating: 0, count: size - count)
        var imaginary = [Double](repeating: 0, count: size)
        transform(&real, &imaginary)
        for index in 0..<size {
            real[index] = real[index] * real[index] + imaginary[index] * imaginary[index]
            imaginary[index] = 0
        }
        transform(&real, &imaginary)
        let variance = real[0] / Double(count)
        guard variance > 0, variance.isFinite else { return [Double](repeating: 0, count: count) }
        return (0..<count).map { real[$0] / Double(count - $0) / variance }
    }
}
