#include <algorithm>
#include <functional>
#include <limits>

#include "tests/checkpoint/gpt2_fixture.h"

#include "alpha/checkpoint/hf_gpt2_config.h"
#include "alpha/checkpoint/hf_gpt2_export.h"
#include "alpha/checkpoint/hf_gpt2_import.h"
#include "alpha/checkpoint/hf_tokenizer_export.h"
#include "alpha/checkpoint/hf_tokenizer_import.h"
#include "alpha/tokenizers/byte_level.h"

namespace alpha {
namespace {

namespace fs = std::filesystem;

using test::CopyBackend;
using test::error_of;
using test::random_weights;
using test::read_weights;
using test::save_model;
using test::slurp;
using test::small_gpt2;
using test::small_tokenizer;
using test::spill;
using test::TempDir;
using test::Weights;

void export_model(const TempDir& dir, const GptConfig& config, const Weights& weights) {
  save_model(dir / "model", config, weights, *small_tokenizer());
  export_hf_gpt2(Gpt2Checkpoint(dir / "model"), dir / "hf");
}

/// Imports for the sake of what it says.
void import_model(const fs::path& folder) {
  CopyBackend backend;
  import_hf_gpt2(folder, backend);
}

/// Imports `dir`/hf to the checkpoint `dir`/back.
void import_back(const TempDir& dir) {
  CopyBackend backend;
  save_checkpoint_directory(dir / "back", backend, import_hf_gpt2(dir / "hf", backend).content);
}

/// A folder that imports without complaint, to be spoiled.
class HfFolder {
 public:
  HfFolder() { export_model(dir_, small_gpt2(), random_weights(small_gpt2())); }

  fs::path path() const { return dir_ / "hf"; }

  fs::path operator/(std::string_view name) const { return path() / name; }

  void change(std::string_view file, const std::function<void(Json&)>& edit) const {
    Json json = read_json_file(path() / file);
    edit(json);
    spill(path() / file, json.dump());
  }

  std::string refusal(ErrorCode code) const {
    return error_of([&] { import_model(path()); }, code);
  }

  /// The message of a refusal of this folder with one changed file, which is put back.
  std::string refusal_of(std::string_view file, const std::function<void(Json&)>& edit,
                         ErrorCode code = ErrorCode::corrupt) const {
    const std::string before = slurp(path() / file);
    change(file, edit);
    std::string message = refusal(code);
    EXPECT_TRUE(message.starts_with((path() / file).string())) << message;
    spill(path() / file, before);
    return message;
  }

 private:
  TempDir dir_;
};

void expect_says(const std::string& message, std::string_view part) {
  EXPECT_NE(message.find(part), std::string::npos) << message;
}

TEST(HfGpt2, AnExportHasTheNamesAndShapesOfThePublishedModels) {
  const TempDir dir;
  const Weights weights = random_weights(small_gpt2());
  export_model(dir, small_gpt2(), weights);
  const SafetensorsFile file(dir / "hf/model.safetensors");
  EXPECT_EQ(file.metadata(), (SafetensorsMetadata{{"format", "pt"}}));
  EXPECT_EQ(file.entries().size(), 2U + 2 * 12 + 2);
  EXPECT_EQ(file.get("wte.weight").shape, (Shape{270, 32}));
  EXPECT_EQ(file.get("wpe.weight").shape, (Shape{12, 32}));
  EXPECT_EQ(file.get("h.0.attn.c_attn.weight").shape, (Shape{32, 96}));
  EXPECT_EQ(file.get("h.0.attn.c_attn.bias").shape, (Shape{96}));
  EXPECT_EQ(file.get("h.1.attn.c_proj.weight").shape, (Shape{32, 32}));
  EXPECT_EQ(file.get("h.1.mlp.c_fc.weight").shape, (Shape{32, 128}));
  EXPECT_EQ(file.get("h.1.mlp.c_proj.weight").shape, (Shape{128, 32}));
  EXPECT_EQ(file.get("h.1.ln_1.weight").shape, (Shape{32}));
  EXPECT_EQ(file.get("h.0.ln_2.bias").shape, (Shape{32}));
  EXPECT_EQ(file.get("ln_f.bias").shape, (Shape{32}));

  const Weights written = read_weights(dir / "hf/model.safetensors");
  EXPECT_EQ(written.at("wte.weight"), weights.at("wte"));
  EXPECT_EQ(written.at("h.1.ln_2.weight"), weights.at("layer.1.ln2.weight"));
  for (std::size_t o = 0; o < 32; ++o) {
    for (std::size_t i = 0; i < 128; ++i) {
      ASSERT_EQ(written.at("h.1.mlp.c_proj.weight")[i * 32 + o],
                weights.at("layer.1.mlp.fc2")[o * 128 + i]);
    }
  }
}

TEST(HfGpt2, AnExportsConfigurationSaysWhatGpt2Is) {
  const TempDir dir;
  GptConfig config = small_gpt2();
  export_model(dir, config, random_weights(config));
  const Json json = read_json_file(dir / "hf/config.json");
  EXPECT_EQ(json.at("model_type"), "gpt2");
  EXPECT_EQ(json.at("architectures"), Json::array({"GPT2LMHeadModel"}));
  EXPECT_EQ(json.at("vocab_size"), 270);
  EXPECT_EQ(json.at("n_positions"), 12);
  EXPECT_EQ(json.at("n_embd"), 32);
  EXPECT_EQ(json.at("n_layer"), 2);
  EXPECT_EQ(json.at("n_head"), 4);
  EXPECT_EQ(json.at("n_inner"), Json());
  EXPECT_EQ(json.at("activation_function"), "gelu_new");
  EXPECT_EQ(json.at("layer_norm_epsilon"), 1e-5);
  for (const char* key : {"resid_pdrop", "embd_pdrop", "attn_pdrop"}) {
    EXPECT_EQ(json.at(key), 0.125) << key;
  }
  EXPECT_EQ(json.at("tie_word_embeddings"), true);
  EXPECT_EQ(json.at("bos_token_id"), 256);
  EXPECT_EQ(json.at("eos_token_id"), 256);
  EXPECT_FALSE(json.contains("alpha"));
  config.ffn_dim = 96;
  EXPECT_EQ(to_hf_config(config, {}).at("n_inner"), 96);
  EXPECT_EQ(to_hf_config(config, {}).at("eos_token_id"), Json());
}

TEST(HfGpt2, WhatWasExportedComesBackBitForBit) {
  GptConfig untied = small_gpt2();
  untied.is_tied = false;
  GptConfig narrow = small_gpt2("nanogpt");
  narrow.ffn_dim = 48;
  narrow.has_norm_bias = true;
  for (const GptConfig& config : {small_gpt2(), small_gpt2("nanogpt"), untied, narrow}) {
    const TempDir dir;
    export_model(dir, config, random_weights(config));
    import_back(dir);
    EXPECT_TRUE(slurp(dir / "back/model.safetensors") == slurp(dir / "model/model.safetensors"));
    EXPECT_TRUE(slurp(dir / "back/tokenizer.json") == slurp(dir / "model/tokenizer.json"));
    EXPECT_EQ(CheckpointReader(dir / "back").config().at("modelConfig"), to_json(config));
  }
}

TEST(HfGpt2, AHeadOfItsOwnStandsBesideTheTransformer) {
  const TempDir dir;
  GptConfig config = small_gpt2();
  config.is_tied = false;
  const Weights weights = random_weights(config);
  export_model(dir, config, weights);
  const Weights written = read_weights(dir / "hf/model.safetensors");
  EXPECT_EQ(written.at("lm_head.weight"), weights.at("lmHead"));
  EXPECT_EQ(written.at("transformer.wte.weight"), weights.at("wte"));
}

TEST(HfGpt2, WhatIsThereAlreadyStays) {
  const TempDir dir;
  export_model(dir, small_gpt2(), random_weights(small_gpt2()));
  const std::string before = slurp(dir / "hf/config.json");
  const Gpt2Checkpoint checkpoint(dir / "model");
  expect_says(error_of([&] { export_hf_gpt2(checkpoint, dir / "hf"); }, ErrorCode::io), "exists");
  EXPECT_EQ(slurp(dir / "hf/config.json"), before);
  EXPECT_EQ(dir.names(), (std::vector<std::string>{"hf", "model"}));
}

// Published models.

/// A vocabulary in the order of GPT-2's files: printable bytes first, merges, the special token
/// last.
struct PublishedVocabulary {
  PublishedVocabulary() {
    for (int byte = 0; byte < 256; ++byte) {
      tokens.push_back(bytes_to_printable(std::string(1, static_cast<char>(byte))));
    }
    std::sort(tokens.begin(), tokens.end());
    tokens.insert(tokens.end(), {"th", "the", "\u0120the", "\u0120a"});
    tokens.emplace_back("<|endoftext|>");
  }

  Json vocab() const {
    Json json = Json::object();
    for (std::size_t id = 0; id < tokens.size(); ++id) json[tokens[id]] = id;
    return json;
  }

  Json tokenizer() const {
    const Json rule = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}};
    return {{"added_tokens", {{{"id", tokens.size() - 1}, {"content", tokens.back()}}}},
            {"normalizer", nullptr},
            {"pre_tokenizer", rule},
            {"model", {{"vocab", vocab()}, {"merges", {"t h", "th e", "\u0120 the", "\u0120 a"}}}}};
  }

  std::vector<std::string> tokens;
};

/// A published model: tensors of `dtype` named with `prefix`, and the masks of old files.
Weights write_published(const fs::path& folder, std::string_view prefix, DType dtype) {
  GptConfig config = small_gpt2();
  config.vocab_size = 261;
  fs::create_directories(folder);
  spill(folder / "config.json",
        R"({"model_type": "gpt2", "vocab_size": 261, "n_ctx": 12, "n_positions": 12, "n_embd": 32,
            "n_layer": 2, "n_head": 4, "resid_pdrop": 0.1, "summary_type": "cls_index"})");
  CopyBackend backend;
  Weights weights = random_weights(config);
  std::vector<NamedTensor> tensors;
  for (const Gpt2Tensor& tensor : gpt2_tensors(config)) {
    const Shape& s = tensor.shape;
    const Shape shape = tensor.is_hf_transposed ? Shape{s[1], s[0]} : s;
    const std::vector<float>& values = weights.at(tensor.alpha);  // in the order of the file
    tensors.push_back({fmt::format("{}{}", prefix, tensor.hf),
                       from_values(backend, shape, std::span(values), dtype)});
  }
  for (const char* name : {"h.0.attn.bias", "h.1.attn.masked_bias"}) {
    tensors.push_back(
        {fmt::format("{}{}", prefix, name), from_values(backend, {1}, std::vector<float>{-1e4F})});
  }
  write_safetensors(folder / "model.safetensors", backend, tensors);
  return weights;
}

void expect_published(const fs::path& folder, const Weights& weights, auto round) {
  CopyBackend backend;
  const ImportedModel imported = import_hf_gpt2(folder, backend);
  const auto tokenizer = tokenizer_from_json(imported.content.tokenizer, "imported");
  EXPECT_EQ(tokenizer->encode(" the a<|end_of_text|>", SpecialTokens::allowed),
            (std::vector<TokenId>{259, 260, 256}));
  const auto values_of = [&](std::string_view name) {
    const auto it = std::ranges::find(imported.content.model, name, &NamedTensor::name);
    return to_floats(backend, it->tensor);
  };
  const std::vector<float> wte = values_of("wte");
  const PublishedVocabulary published;
  for (std::size_t old_id = 0; old_id < published.tokens.size(); ++old_id) {
    const std::string& token = published.tokens[old_id];
    const auto id = static_cast<std::size_t>(
        token == "<|endoftext|>" ? *tokenizer->start_token()
                                 : tokenizer->encode(*printable_to_bytes(token)).at(0));
    for (std::size_t i = 0; i < 32; ++i) {
      ASSERT_EQ(wte[id * 32 + i], round(weights.at("wte")[old_id * 32 + i])) << token;
    }
  }
  const std::vector<float> fc1 = values_of("layer.1.mlp.fc1");
  for (std::size_t o = 0; o < 128; ++o) {
    for (std::size_t i = 0; i < 32; ++i) {
      ASSERT_EQ(fc1[o * 32 + i], round(weights.at("layer.1.mlp.fc1")[i * 128 + o]));
    }
  }
  const Json& model = imported.content.config.at("modelConfig");
  EXPECT_EQ(model.at("tied"), true);
  EXPECT_EQ(model.at("bias"), true);
  EXPECT_EQ(model.at("softCap"), 0);
  EXPECT_EQ(model.at("dropout"), 0.1);
  EXPECT_EQ(model.at("ffnDim"), 128);
  expect_says(imported.warning, "Unicode");
}

TEST(HfGpt2, APublishedModelGetsAlphasOrderOfTokens) {
  const TempDir dir;
  const Weights weights = write_published(dir / "hf", "", DType::f32);
  spill(dir / "hf/tokenizer.json", PublishedVocabulary().tokenizer().dump());
  expect_published(dir / "hf", weights, [](float x) { return x; });
}

TEST(HfGpt2, PrefixedNamesHalfPrecisionAndTheOlderVocabularyFilesAreRead) {
  const TempDir dir;
  const Weights f16 = write_published(dir / "f16", "transformer.", DType::f16);
  const Weights bf16 = write_published(dir / "bf16", "transformer.", DType::bf16);
  for (const char* name : {"f16", "bf16"}) {
    spill(dir / name / "vocab.json", PublishedVocabulary().vocab().dump());
    spill(dir / name / "merges.txt", "#version: 0.2\nt h\nth e\r\n\u0120 the\n\u0120 a\n");
  }
  expect_published(dir / "f16", f16, [](float x) { return static_cast<float>(F16(x)); });
  expect_published(dir / "bf16", bf16, [](float x) { return static_cast<float>(BF16(x)); });
}

// Mistakes.

TEST(HfGpt2, AConfigurationThatIsNoGpt2IsRefusedByField) {
  const HfFolder folder;
  const auto refused = [&](const char* key, const Json& value, ErrorCode code) {
    return folder.refusal_of(
        "config.json", [&](Json& json) { json[key] = value; }, code);
  };
  const auto unsupported = [&](const char* key, const Json& value) {
    return refused(key, value, ErrorCode::unsupported);
  };
  expect_says(unsupported("model_type", "llama"), "field 'model_type' is 'llama'");
  expect_says(unsupported("activation_function", "relu"), "field 'activation_function' is 'relu'");
  expect_says(unsupported("layer_norm_epsilon", 1e-6), "field 'layer_norm_epsilon' is 1e-06");
  expect_says(unsupported("scale_attn_weights", false), "field 'scale_attn_weights' is false");
  expect_says(unsupported("scale_attn_by_inverse_layer_idx", true), "inverse_layer_idx' is true");
  const auto corrupt = [&](const char* key, const Json& value) {
    return refused(key, value, ErrorCode::corrupt);
  };
  expect_says(corrupt("n_embd", "32"), "field 'n_embd'");
  expect_says(corrupt("n_head", 5), "5 heads do not divide a width of 32");
  expect_says(corrupt("n_layer", -1), "number of layers is -1");
  expect_says(corrupt("vocab_size", 271), "field 'vocab_size' is 271, the tokenizer has 270");
  expect_says(corrupt("alpha", 1), "field 'alpha' is not an object");
  expect_says(folder.refusal_of("config.json",
                                [](Json& json) {
                                  json.erase("n_positions");
                                  json.erase("n_ctx");
                                }),
              "'n_ctx' is missing");
  expect_says(folder.refusal_of("config.json", [](Json& json) { json = {1}; }), "not an object");
}

TEST(HfGpt2, TensorsThatDoNotFitTheConfigurationAreRefusedByName) {
  const HfFolder folder;
  const auto refused = [&](const char* key, const Json& value) {
    const std::string before = slurp(folder / "config.json");
    folder.change("config.json", [&](Json& json) { json[key] = value; });
    std::string message = folder.refusal(ErrorCode::corrupt);
    spill(folder / "config.json", before);
    expect_says(message, (folder / "model.safetensors").string());
    return message;
  };
  expect_says(refused("n_layer", 1), "tensor 'h.1.ln_1.weight' is none of a GPT-2 with 1");
  expect_says(refused("n_layer", 3), "'h.2.ln_1.weight' is missing");
  expect_says(refused("n_layer", 16'000'000), "28 tensors cannot be the 16000000 layers");
  expect_says(refused("n_positions", 13), "'wpe.weight': shape is [12, 32], expected [13, 32]");
  expect_says(refused("n_inner", 64),
              "'h.0.mlp.c_fc.weight': shape is [32, 128], expected [32, 64]");
  expect_says(refused("tie_word_embeddings", false), "'lm_head.weight' is missing");
  expect_says(refused("alpha", {{"bias", false}}), "'h.0.attn.c_attn.bias' is not zero");
}

/// The weights of a folder with one tensor replaced.
void replace_tensor(const fs::path& path, const NamedTensor& replacement, CopyBackend& backend) {
  std::vector<NamedTensor> tensors = {replacement};
  {
    const SafetensorsFile file(path);
    for (const SafetensorsEntry& entry : file.entries()) {
      if (entry.name == replacement.name) continue;
      const Tensor tensor = empty(backend, entry.shape, entry.dtype);
      file.load_into(backend, entry.name, tensor);
      tensors.push_back({entry.name, tensor});
    }
  }
  fs::remove(path);
  write_safetensors(path, backend, tensors);
}

TEST(HfGpt2, ValuesThatAreNoWeightsAreRefusedByName) {
  CopyBackend backend;
  const auto refused = [&](const NamedTensor& tensor, ErrorCode code) {
    const HfFolder folder;
    replace_tensor(folder / "model.safetensors", tensor, backend);
    return folder.refusal(code);
  };
  std::vector<float> values(32, 1.0F);
  const auto doubles = from_values(backend, {32}, std::span<const float>(values), DType::f64);
  expect_says(refused({"ln_f.bias", doubles}, ErrorCode::unsupported),
              "'ln_f.bias': dtype is f64, expected f32, f16 or bf16");
  values[3] = std::numeric_limits<float>::quiet_NaN();
  const auto nan = from_values(backend, {32}, std::span<const float>(values));
  expect_says(refused({"ln_f.bias", nan}, ErrorCode::corrupt), "'ln_f.bias': element 3 of 32");
  const auto head = from_values(backend, {270, 32}, std::vector<float>(8'640));
  expect_says(refused({"lm_head.weight", head}, ErrorCode::corrupt), "is not 'wte.weight'");
}

TEST(HfGpt2, ATiedHeadThatIsStoredTwiceIsRead) {
  CopyBackend backend;
  const HfFolder folder;
  const std::vector<float> wte = read_weights(folder / "model.safetensors").at("wte.weight");
  replace_tensor(folder / "model.safetensors",
                 {"lm_head.weight", from_values(backend, {270, 32}, std::span(wte))}, backend);
  EXPECT_EQ(import_hf_gpt2(folder.path(), backend).content.model.size(), 28U);
}

TEST(HfGpt2, FilesThatAreMissingAreNamed) {
  const HfFolder folder;
  fs::rename(folder / "tokenizer.json", folder / "elsewhere");
  expect_says(folder.refusal(ErrorCode::not_found), "neither tokenizer.json nor vocab.json");
  fs::rename(folder / "elsewhere", folder / "tokenizer.json");
  fs::remove(folder / "model.safetensors");
  expect_says(folder.refusal(ErrorCode::not_found), "has no model.safetensors");
  spill(folder / "model.safetensors.index.json", "{}");
  expect_says(folder.refusal(ErrorCode::not_found), "in several files");
  fs::remove(folder / "config.json");
  expect_says(folder.refusal(ErrorCode::not_found), "config.json");
}

TEST(HfGpt2, TokenizersOfOtherKindsAreRefusedByField) {
  const HfFolder folder;
  const auto refused = [&](const std::function<void(Json&)>& edit) {
    return folder.refusal_of("tokenizer.json", edit, ErrorCode::unsupported);
  };
  expect_says(refused([](Json& json) { json["model"]["type"] = "WordPiece"; }),
              "field 'model.type' is \"WordPiece\"");
  expect_says(refused([](Json& json) { json["model"]["end_of_word_suffix"] = "</w>"; }),
              "field 'model.end_of_word_suffix'");
  expect_says(refused([](Json& json) { json["model"]["ignore_merges"] = true; }), "ignore_merges");
  expect_says(refused([](Json& json) { json["normalizer"] = {{"type", "NFC"}}; }), "'normalizer'");
  for (const Json& rule : {Json(), Json("ByteLevel"), Json{{"type", "Whitespace"}},
                           Json{{"type", "ByteLevel"}, {"add_prefix_space", true}}}) {
    expect_says(refused([&](Json& json) { json["pre_tokenizer"] = rule; }), "'pre_tokenizer'");
  }
}

TEST(HfGpt2, MistakesInAVocabularyAreRefused) {
  const HfFolder folder;
  const auto refused = [&](const std::function<void(Json&)>& edit) {
    return folder.refusal_of("tokenizer.json", edit);
  };
  const auto vocab = [&](const std::string& token, const Json& id) {
    return refused([&](Json& json) { json["model"]["vocab"][token] = id; });
  };
  expect_says(vocab("a", 98), "id 98");
  expect_says(vocab("a", 270), "id 270");
  expect_says(vocab("a", -1), "id of token 'a' is not a whole number");
  expect_says(vocab("a", "1"), "id of token 'a' is not a whole number");
  expect_says(vocab("<|user|>", 400), "'<|user|>' has the ids 400 and 257");
  expect_says(vocab("\u00fc", 270), "the id");
  expect_says(refused([](Json& json) {
                Json& tokens = json["model"]["vocab"];
                tokens.erase("a");
                tokens["xyz"] = 97;
              }),
              "there is no token 'a', which stands for a byte");
  const auto merges = [&](std::size_t i, const Json& merge) {
    return refused([&](Json& json) { json["model"]["merges"][i] = merge; });
  };
  expect_says(merges(3, "ab"), "merge 3 is 'ab'");
  expect_says(merges(3, 5), "merge 3 is no pair");
  expect_says(merges(3, "q zz"), "merge 3 uses 'zz', which is neither a byte nor an earlier merge");
  expect_says(merges(3, "q q"), "there is no token 'qq', which merge 3 makes");
  expect_says(refused([](Json& json) { json["model"]["merges"][3] = json["model"]["merges"][2]; }),
              "merge 3 makes");
  expect_says(refused([](Json& json) { json["model"]["merges"] = 1; }), "'model.merges' is not");
  expect_says(refused([](Json& json) { json["model"]["vocab"] = Json::array(); }), "not an object");
  expect_says(refused([](Json& json) { json["added_tokens"] = 1; }), "'added_tokens'");
  expect_says(refused([](Json& json) { json["added_tokens"][0] = 1; }), "'added_tokens'");
  expect_says(refused([](Json& json) { json.erase("model"); }), "field 'model'");
}

/// Imports what may be malformed. Anything but success or an Error fails the test.
void import_anything(const fs::path& folder) {
  try {
    import_model(folder);
  } catch (const Error&) {
    // Expected: most changes are mistakes.
  }
}

TEST(HfGpt2, ChangedAndShortenedFilesNeverCrashTheImport) {
  const HfFolder folder;
  for (const std::string file : {"config.json", "tokenizer.json", "model.safetensors"}) {
    const std::string whole = slurp(folder / file);
    const std::size_t n_headers = std::min<std::size_t>(whole.size(), 8'000);
    for (std::size_t at = 0; at < n_headers; at += 1 + n_headers / 60) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ 0x15);
      spill(folder / file, changed);
      import_anything(folder.path());
      spill(folder / file, whole.substr(0, at));
      import_anything(folder.path());
    }
    spill(folder / file, whole);
  }
  EXPECT_NO_THROW(import_model(folder.path()));
}

TEST(HfGpt2, DeeplyNestedJsonIsRefused) {
  const HfFolder folder;
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  spill(folder / "tokenizer.json", R"({"normalizer": )" + deep + R"(, "model": {}})");
  expect_says(folder.refusal(ErrorCode::unsupported), "field 'normalizer' is array");
  spill(folder / "tokenizer.json", R"({"pre_tokenizer": )" + deep + R"(, "model": {}})");
  expect_says(folder.refusal(ErrorCode::unsupported), "field 'pre_tokenizer' is array");
  spill(folder / "config.json", R"({"model_type": )" + deep + "}");
  expect_says(folder.refusal(ErrorCode::corrupt), "nested 200001 deep");
}

}  // namespace
}  // namespace alpha
