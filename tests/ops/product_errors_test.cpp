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
         linear(b, x(b, {2, 3}), x(b, {5, 3}, DType::bf16), Tensor());
       },
       {"[linear]", "bf16", "f32"}},
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
      {"attention_backward_dout",
       [](Backend& b) {
         const Tensor qkv = x(b, {1, 2, 12});
         attention_backward(b, qkv, attention(b, qkv, {}), x(b, {1, 2, 12}), {});
       },
       {"[attention_backward]", "[1, 2, 12]", "[1, 2, 4]"}},
  };
}

Tensor indices(Backend& b, const Shape& shape) {
  return x(b, shape, DType::i32);
}

/// Three rows of one sequence; two layers of two heads of two elements.
PagedRows paged_rows(Backend& b) {
  return {.positions = indices(b, {3}),
          .sequences = indices(b, {3}),
          .tables = indices(b, {1, 2}),
          .kv = x(b, {2, 2, 2, kv_head_size(2)})};
}

/// A call with two heads of two elements whose rows `spoil` has made wrong.
BadCall bad_rows(std::string name, std::function<void(Backend&, PagedRows&)> spoil,
                 std::vector<std::string> parts) {
  parts.insert(parts.begin(), "[paged_attention]");
  return {std::move(name),
          [spoil = std::move(spoil)](Backend& b) {
            PagedRows rows = paged_rows(b);
            spoil(b, rows);
            paged_attention(b, x(b, {3, 12}), rows, {.n_heads = 2});
          },
          std::move(parts)};
}

std::vector<BadCall> paged_attention_calls() {
  return {
      {"qkv_dtype",
       [](Backend& b) {
         paged_attention(b, x(b, {3, 12}, DType::bf16), paged_rows(b), {.n_heads = 2});
       },
       {"[paged_attention]", "qkv", "bf16", "f32"}},
      {"qkv_rank",
       [](Backend& b) { paged_attention(b, x(b, {12}), paged_rows(b), {.n_heads = 2}); },
       {"[paged_attention]", "qkv", "[12]", "2 axes"}},
      {"heads",
       [](Backend& b) {
         paged_attention(b, x(b, {3, 12}), paged_rows(b), {.n_heads = 3});
       },
       {"[paged_attention]", "12 columns", "3 heads"}},
      {"no_heads",
       [](Backend& b) {
         paged_attention(b, x(b, {3, 12}), paged_rows(b), {.n_heads = 0});
       },
       {"[paged_attention]", "12 columns", "0 heads"}},
      {"other_heads_than_the_cache",
       [](Backend& b) {
         paged_attention(b, x(b, {3, 12}), paged_rows(b), {.n_heads = 1});
       },
       {"[paged_attention]", "kv", "[2, 2, 2, 288]", "1, 320"}},
      {"layer",
       [](Backend& b) {
         paged_attention(b, x(b, {3, 12}), paged_rows(b), {.layer = 2, .n_heads = 2});
       },
       {"[paged_attention]", "kv", "[2, 2, 2, 288]", "over 2"}},
      {"layer_below_0",
       [](Backend& b) {
         paged_attention(b, x(b, {3, 12}), paged_rows(b), {.layer = -1, .n_heads = 2});
       },
       {"[paged_attention]", "kv", "over -1"}},
      {"soft_cap",
       [](Backend& b) {
         paged_attention(b, x(b, {3, 12}), paged_rows(b), {.n_heads = 2, .soft_cap = -1});
       },
       {"[paged_attention]", "soft cap is -1"}},
      bad_rows("positions_size",
               [](Backend& b, PagedRows& rows) { rows.positions = indices(b, {2}); },
               {"positions", "[2]", "[3]"}),
      bad_rows("positions_dtype", [](Backend& b, PagedRows& rows) { rows.positions = x(b, {3}); },
               {"positions", "f32", "i32"}),
      bad_rows("sequences_size",
               [](Backend& b, PagedRows& rows) { rows.sequences = indices(b, {4}); },
               {"sequences", "[4]", "[3]"}),
      bad_rows("sequences_dtype", [](Backend& b, PagedRows& rows) { rows.sequences = x(b, {3}); },
               {"sequences", "f32", "i32"}),
      bad_rows("tables_rank", [](Backend& b, PagedRows& rows) { rows.tables = indices(b, {2}); },
               {"tables", "[2]", "[sequences, blocks]"}),
      bad_rows("tables_dtype",
               [](Backend& b, PagedRows& rows) {
                 rows.tables = x(b, {1, 2});
               },
               {"tables", "f32", "i32"}),
      bad_rows("kv_rank",
               [](Backend& b, PagedRows& rows) {
                 rows.kv = x(b, {2, 2, 288});
               },
               {"kv", "[2, 2, 288]", "4 axes"}),
      bad_rows("kv_head_size",
               [](Backend& b, PagedRows& rows) {
                 rows.kv = x(b, {2, 2, 2, 64});
               },
               {"kv", "[2, 2, 2, 64]", "288"}),
      bad_rows("kv_dtype",
               [](Backend& b, PagedRows& rows) {
                 rows.kv = x(b, {2, 2, 2, kv_head_size(2)}, DType::bf16);
               },
               {"kv", "bf16", "f32"}),
  };
}

PackedMatrix packed(Backend& b) {
  return pack(b, x(b, {5, 3}), WeightFormat::int8);
}

std::vector<BadCall> packed_calls() {
  return {
      {"pack_dtype",
       [](Backend& b) {
         pack(b, x(b, {5, 3}, DType::bf16), WeightFormat::int8);
       },
       {"[pack]", "weight", "bf16", "f32"}},
      {"pack_rank",
       [](Backend& b) {
         pack(b, x(b, {2, 5, 3}), WeightFormat::int4);
       },
       {"[pack]", "[2, 5, 3]"}},
      {"pack_nothing",
       [](Backend& b) {
         pack(b, x(b, {5, 0}), WeightFormat::f32);
       },
       {"[pack]", "[5, 0]", "neither 0"}},
      {"pack_into_another_size",
       [](Backend& b) {
         pack(b, x(b, {3, 5}), packed(b));
       },
       {"[pack]", "weight", "[3, 5]", "[5, 3]"}},
      {"pack_into_nothing",
       [](Backend& b) {
         pack(b, x(b, {3, 5}), PackedMatrix());
       },
       {"[pack]", "weight", "[3, 5]", "[0, 0]"}},
      {"packed_linear_inputs",
       [](Backend& b) {
         packed_linear(b, x(b, {2, 4}), packed(b), Tensor());
       },
       {"[packed_linear]", "[2, 4]", "3 inputs"}},
      {"packed_linear_scalar",
       [](Backend& b) { packed_linear(b, x(b, {}), packed(b), Tensor()); },
       {"[packed_linear]", "x", "[]", "1 axes"}},
      {"packed_linear_dtype",
       [](Backend& b) {
         packed_linear(b, x(b, {2, 3}, DType::bf16), packed(b), Tensor());
       },
       {"[packed_linear]", "x", "bf16", "f32"}},
      {"packed_linear_undefined",
       [](Backend& b) {
         packed_linear(b, x(b, {2, 3}), PackedMatrix(), Tensor());
       },
       {"[packed_linear]", "[2, 3]", "0 inputs"}},
      {"packed_linear_bias",
       [](Backend& b) {
         packed_linear(b, x(b, {2, 3}), packed(b), x(b, {3}));
       },
       {"[packed_linear]", "bias", "[3]", "[5]"}},
      {"packed_linear_bias_dtype",
       [](Backend& b) {
         packed_linear(b, x(b, {2, 3}), packed(b), x(b, {5}, DType::bf16));
       },
       {"[packed_linear]", "bias", "bf16", "f32"}},
      {"packed_linear_residual",
       [](Backend& b) {
         packed_linear(b, x(b, {2, 3}), packed(b), Tensor(), {.residual = x(b, {2, 3})});
       },
       {"[packed_linear]", "residual", "[2, 3]", "[2, 5]"}},
      {"packed_linear_residual_dtype",
       [](Backend& b) {
         const Tensor residual = x(b, {2, 5}, DType::bf16);
         packed_linear(b, x(b, {2, 3}), packed(b), Tensor(), {.residual = residual});
       },
       {"[packed_linear]", "residual", "bf16", "f32"}},
      {"packed_embedding_indices",
       [](Backend& b) { packed_embedding(b, packed(b), x(b, {2})); },
       {"[packed_embedding]", "indices", "f32", "i32"}},
      {"packed_embedding_undefined",
       [](Backend& b) { packed_embedding(b, PackedMatrix(), indices(b, {2})); },
       {"[packed_embedding]", "not defined"}},
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

TEST_P(ProductErrors, PagedAttentionNamesTheMismatch) {
  expect_refused(paged_attention_calls());
}

TEST_P(ProductErrors, PackedOpsNameTheMismatch) {
  expect_refused(packed_calls());
}

TEST_P(ProductErrors, IndexingOpsNameTheMismatch) {
  expect_refused(indexing_calls());
}

INSTANTIATE_TEST_SUITE_P(Ops, ProductErrors, each_backend(), backend_test_name);

}  // namespace
}  // namespace alpha::test
