#include "tests/ops/bad_call.h"

namespace alpha::test {
namespace {

class ProductErrors : public OpErrors {};

std::vector<BadCall> product_calls() {
  return {
      {"matmul_inner",
       [](Backend& b) {
         matmul(b, x(b, {2, 3}), x(b, {4, 5}));
       },
       {"[matmul]", "[2, 3]", "[4, 5]", "3 and 4"}},
      {"matmul_inner_transposed",
       [](Backend& b) {
         matmul(b, x(b, {2, 3}), x(b, {3, 5}), {.trans_b = true});
       },
       {"[matmul]", "[2, 3]", "[3, 5]ᵀ", "3 and 5"}},
      {"matmul_rank",
       [](Backend& b) {
         matmul(b, x(b, {3}), x(b, {3, 5}));
       },
       {"[matmul]", "[3]", "[3, 5]"}},
      {"matmul_batch",
       [](Backend& b) {
         matmul(b, x(b, {2, 4, 3}), x(b, {3, 3, 5}));
       },
       {"[matmul]", "[2]", "[3]"}},
      {"matmul_dtypes",
       [](Backend& b) {
         matmul(b, x(b, {2, 3}), x(b, {3, 5}, DType::bf16));
       },
       {"[matmul]", "bf16", "f32"}},
      {"matmul_integers",
       [](Backend& b) {
         matmul(b, x(b, {2, 3}, DType::i32), x(b, {3, 5}, DType::i32));
       },
       {"[matmul]", "i32"}},
      {"matmul_accumulate_shape",
       [](Backend& b) {
         matmul_accumulate(b, x(b, {2, 3}), x(b, {3, 5}), x(b, {5, 2}));
       },
       {"[matmul]", "[5, 2]", "[2, 5]"}},
      {"linear_weight",
       [](Backend& b) {
         linear(b, x(b, {2, 3}), x(b, {5, 4}), Tensor());
       },
       {"[linear]", "[5, 4]", "[2, 3]"}},
      {"linear_bias",
       [](Backend& b) {
         linear(b, x(b, {2, 3}), x(b, {5, 3}), x(b, {3}));
       },
       {"[linear]", "bias", "[3]", "[5]"}},
      {"linear_dtypes",
       [](Backend& b) {
         linear(b, x(b, {2, 3}), x(b, {5, 3}, DType::f64), Tensor());
       },
       {"[linear]", "f64", "f32"}},
      {"attention_heads",
       [](Backend& b) {
         attention(b, x(b, {1, 2, 12}), {.n_heads = 3, .key = {}});
       },
       {"[attention]", "[1, 2, 12]", "3 heads"}},
      {"attention_no_heads",
       [](Backend& b) {
         attention(b, x(b, {1, 2, 12}), {.n_heads = 0, .key = {}});
       },
       {"[attention]", "[1, 2, 12]", "0 heads"}},
      {"attention_rank",
       [](Backend& b) {
         attention(b, x(b, {2, 12}), {});
       },
       {"[attention]", "[2, 12]"}},
      {"attention_dropout",
       [](Backend& b) {
         attention(b, x(b, {1, 2, 12}), {.dropout = 1, .key = {}});
       },
       {"[attention]", "dropout is 1"}},
      {"attention_soft_cap",
       [](Backend& b) {
         attention(b, x(b, {1, 2, 12}), {.soft_cap = -1, .key = {}});
       },
       {"[attention]", "soft cap is -1"}},
      {"attention_cache_is_full",
       [](Backend& b) {
         attention_cached(b, x(b, {1, 2, 12}), x(b, {1, 4, 8}), 3, {});
       },
       {"[attention]", "[1, 4, 8]", "at least 5"}},
      {"attention_cache_width",
       [](Backend& b) {
         attention_cached(b, x(b, {1, 2, 12}), x(b, {1, 4, 6}), 0, {});
       },
       {"[attention]", "[1, 4, 6]", "8"}},
      {"attention_cache_batch",
       [](Backend& b) {
         attention_cached(b, x(b, {2, 2, 12}), x(b, {1, 4, 8}), 0, {});
       },
       {"[attention]", "[1, 4, 8]", "[2, at least 2, 8]"}},
      {"attention_cache_dtype",
       [](Backend& b) {
         attention_cached(b, x(b, {1, 2, 12}), x(b, {1, 4, 8}, DType::bf16), 0, {});
       },
       {"[attention]", "cache", "bf16", "f32"}},
      {"attention_cache_dropout",
       [](Backend& b) {
         attention_cached(b, x(b, {1, 2, 12}), x(b, {1, 4, 8}), 0, {.dropout = 0.5, .key = {}});
       },
       {"[attention]", "dropout with a cache"}},
      {"attention_backward_dout",
       [](Backend& b) {
         const Tensor qkv = x(b, {1, 2, 12});
         attention_backward(b, qkv, attention(b, qkv, {}), x(b, {1, 2, 12}), {});
       },
       {"[attention_backward]", "[1, 2, 12]", "[1, 2, 4]"}},
  };
}

std::vector<BadCall> indexing_calls() {
  return {
      {"embedding_weight",
       [](Backend& b) {
         embedding(b, x(b, {2, 3, 4}), x(b, {2}, DType::i32));
       },
       {"[embedding]", "[2, 3, 4]"}},
      {"embedding_indices",
       [](Backend& b) {
         embedding(b, x(b, {2, 3}), x(b, {2}));
       },
       {"[embedding]", "indices", "f32"}},
      {"embedding_backward_shapes",
       [](Backend& b) {
         embedding_backward(b, x(b, {2}, DType::i32), x(b, {2, 4}), x(b, {5, 3}));
       },
       {"[embedding_backward]", "[2, 4]", "[2, 3]"}},
      {"embedding_backward_dtypes",
       [](Backend& b) {
         embedding_backward(b, x(b, {2}, DType::i32), x(b, {2, 3}), x(b, {5, 3}, DType::bf16));
       },
       {"[embedding_backward]", "bf16", "f32"}},
      {"gather_indices",
       [](Backend& b) {
         gather(b, x(b, {2, 3}), 1, x(b, {3, 3}, DType::i32));
       },
       {"[gather]", "[3, 3]", "[2, 3]"}},
      {"gather_axis",
       [](Backend& b) {
         gather(b, x(b, {2, 3}), 2, x(b, {2, 3}, DType::i32));
       },
       {"[gather]", "axis is 2"}},
      {"gather_index_dtype",
       [](Backend& b) {
         gather(b, x(b, {2, 3}), 1, x(b, {2, 3}));
       },
       {"[gather]", "indices", "f32", "i32"}},
      {"scatter_add_shapes",
       [](Backend& b) {
         scatter_add(b, x(b, {2, 2}), 1, x(b, {2, 3}, DType::i32), {2, 9});
       },
       {"[scatter_add]", "[2, 2]", "[2, 3]"}},
      {"transpose_axis",
       [](Backend& b) {
         transpose(b, x(b, {2, 3}), 0, 2);
       },
       {"[transpose]", "axis is 2"}},
      {"slice_bounds",
       [](Backend& b) {
         slice(b, x(b, {2, 3}), 1, 1, 4);
       },
       {"[slice]", "[2, 3]", "1 to 4"}},
      {"slice_crossed",
       [](Backend& b) {
         slice(b, x(b, {2, 3}), 1, 2, 1);
       },
       {"[slice]", "[2, 3]", "2 to 1"}},
      {"slice_negative",
       [](Backend& b) {
         slice(b, x(b, {2, 3}), 0, -1, 1);
       },
       {"[slice]", "[2, 3]", "-1 to 1"}},
      {"slice_rank",
       [](Backend& b) {
         const std::vector<std::int64_t> starts = {0};
         slice(b, x(b, {2, 3}), starts, starts);
       },
       {"[slice]", "1", "2"}},
      {"write_slice_fit",
       [](Backend& b) {
         const std::vector<std::int64_t> starts = {0, 2};
         write_slice(b, x(b, {2, 2}), x(b, {2, 3}), starts);
       },
       {"[write_slice]", "[2, 2]", "[2, 3]"}},
      {"write_slice_rank",
       [](Backend& b) {
         const std::vector<std::int64_t> starts = {0, 0};
         write_slice(b, x(b, {2}), x(b, {2, 3}), starts);
       },
       {"[write_slice]", "[2]", "[2, 3]"}},
      {"write_slice_dtype",
       [](Backend& b) {
         const std::vector<std::int64_t> starts = {0};
         write_slice(b, x(b, {2}, DType::i32), x(b, {2}), starts);
       },
       {"[write_slice]", "i32", "f32"}},
      {"cat_nothing", [](Backend& b) { cat(b, {}, 0); }, {"[cat]", "nothing"}},
      {"cat_shapes",
       [](Backend& b) {
         const std::vector<Tensor> parts = {x(b, {2, 3}), x(b, {2, 4})};
         cat(b, parts, 0);
       },
       {"[cat]", "[2, 3]", "[2, 4]"}},
      {"cat_dtypes",
       [](Backend& b) {
         const std::vector<Tensor> parts = {x(b, {2}), x(b, {2}, DType::i32)};
         cat(b, parts, 0);
       },
       {"[cat]", "i32", "f32"}},
  };
}

TEST_P(ProductErrors, ProductsNameTheMismatch) {
  expect_refused(product_calls());
}

TEST_P(ProductErrors, IndexingOpsNameTheMismatch) {
  expect_refused(indexing_calls());
}

INSTANTIATE_TEST_SUITE_P(Ops, ProductErrors, each_backend(), backend_test_name);

}  // namespace
}  // namespace alpha::test
