#include "alpha/tensor/ops/matmul.h"

#include "alpha/cpu_ref/kernels/loops.h"

namespace alpha::cpu_ref {

namespace {

/// A matrix inside a tensor: element (row, column) at data[row · row_stride + column ·
/// column_stride].
template<class T>
struct MatrixView {
  const T* data;
  std::int64_t row_stride;
  std::int64_t column_stride;

  double operator()(std::int64_t row, std::int64_t column) const {
    return data[row * row_stride + column * column_stride];
  }
};

/// op(matrix), [rows, columns] after op.
template<class T>
MatrixView<T> view(const T* data, std::int64_t rows, std::int64_t columns, bool is_transposed) {
  return is_transposed ? MatrixView<T>{data, 1, rows} : MatrixView<T>{data, columns, 1};
}

template<class T, class Out>
void run(const MatmulArgs& args) {
  const MatmulGeometry g =
      matmul_geometry(args.a.shape(), args.trans_a, args.b.shape(), args.trans_b);
  const T* a_data = args.a.data<T>();
  const T* b_data = args.b.data<T>();
  Out* out = args.out.data<Out>();
  for (std::int64_t batch = 0; batch < g.n_batches; ++batch) {
    const auto a = view(a_data + g.a_index(batch) * g.M * g.K, g.M, g.K, args.trans_a);
    const auto b = view(b_data + g.b_index(batch) * g.K * g.N, g.K, g.N, args.trans_b);
    for (std::int64_t m = 0; m < g.M; ++m) {
      for (std::int64_t n = 0; n < g.N; ++n, ++out) {
        double sum = args.is_accumulating ? static_cast<double>(*out) : 0.0;
        for (std::int64_t k = 0; k < g.K; ++k) sum += a(m, k) * b(k, n);
        *out = convert<Out>(sum);
      }
    }
  }
}

}  // namespace

void matmul(Backend& /*backend*/, const MatmulArgs& args) {
  visit_floating(args.a.dtype(), args.out.dtype(),
                 [&]<class T, class Out>(TypeTag<T>, TypeTag<Out>) { run<T, Out>(args); });
}

}  // namespace alpha::cpu_ref
