#include "alpha/inference/weights.h"

#include <map>

#include "alpha/checkpoint/checkpoint_search.h"
#include "alpha/checkpoint/packed_tensors.h"
#include "alpha/checkpoint/trained_model.h"
#include "alpha/core/json.h"
#include "alpha/tensor/create.h"

namespace alpha {

namespace {

/// The products' matrices are packed; what is added or scaled stays as it is, in f32.
bool is_packed(const ParameterSpec& spec) {
  return spec.shape.rank() == 2 && spec.name != "wpe";
}

/// All weights of a model in one block of memory, by name, not filled yet.
class Arena {
 public:
  Arena(Backend& backend, const GptConfig& config, WeightFormat format)
      : specs_(gpt_parameters(config)) {
    std::vector<std::size_t> offsets;
    for (const ParameterSpec& spec : specs_) {
      offsets.push_back(size_bytes_);
      size_bytes_ += is_packed(spec)
                         ? packed_size_bytes(format, spec.shape[0], spec.shape[1])
                         : (static_cast<std::size_t>(spec.shape.numel()) * 4 + 63) / 64 * 64;
    }
    const StorageRef storage = backend.allocate(size_bytes_);
    for (std::size_t i = 0; i < specs_.size(); ++i) {
      const Shape& shape = specs_[i].shape;
      WeightMatrix& weight = weights_[specs_[i].name];
      if (is_packed(specs_[i])) {
        weight.packed = packed_in(storage, offsets[i], format, shape[0], shape[1]);
      } else {
        weight.variable =
            Variable(Tensor(storage, static_cast<std::int64_t>(offsets[i] / 4), shape, DType::f32));
      }
    }
  }

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(specs_.size()); }

  const ParameterSpec& spec(std::int64_t i) const { return specs_[static_cast<std::size_t>(i)]; }

  const WeightMatrix& operator[](const std::string& name) const { return weights_.at(name); }

  const std::map<std::string, WeightMatrix>& by_name() const noexcept { return weights_; }

  std::size_t size_bytes() const noexcept { return size_bytes_; }

 private:
  std::vector<ParameterSpec> specs_;
  std::map<std::string, WeightMatrix> weights_;
  std::size_t size_bytes_ = 0;
};

std::shared_ptr<Weights> assemble(const GptConfig& config,
                                  std::shared_ptr<const Tokenizer> tokenizer, const Arena& arena,
                                  WeightFormat format) {
  auto weights = std::make_shared<Weights>();
  weights->config = config;
  weights->tokenizer = std::move(tokenizer);
  weights->gpt = gpt_weights(config, [&](const std::string& name) { return arena[name]; });
  weights->by_name = arena.by_name();
  weights->format = format;
  weights->size_bytes = arena.size_bytes();
  return weights;
}

/// From a file with plain f32 tensors.
void load_plain(Backend& backend, const SafetensorsFile& file, const Arena& arena) {
  backend.parallel(arena.size(),
                   [&](std::int64_t i) { file.require_finite(file.get(arena.spec(i).name)); });
  for (std::int64_t i = 0; i < arena.size(); ++i) {
    const auto& [name, shape, is_decayed] = arena.spec(i);
    const WeightMatrix& weight = arena[name];
    if (weight.packed.is_defined()) {
      const Tensor plain = empty(backend, shape);
      file.load_into(backend, name, plain);
      pack(backend, plain, weight.packed);
    } else {
      file.load_into(backend, name, weight.variable.data());
    }
  }
  backend.trim();  // the plain matrices
}

/// From a file that `save_weights` wrote.
void load_packed(Backend& backend, const SafetensorsFile& file, const Arena& arena) {
  backend.parallel(arena.size(), [&](std::int64_t i) {
    const std::string& name = arena.spec(i).name;
    const WeightMatrix& weight = arena[name];
    if (weight.packed.is_defined()) {
      load_packed(file, backend, name, weight.packed);
    } else {
      file.load_into(backend, name, weight.variable.data(), ValueCheck::finite);
    }
  });
}

}  // namespace

std::shared_ptr<const Weights> load_weights(const std::filesystem::path& path, Backend& backend,
                                            std::optional<WeightFormat> format) {
  const ResolvedCheckpoint found = resolve_checkpoint(path, CheckpointParts::weights);
  const CheckpointReader reader(found.path);
  ModelDescription model = describe_model(reader);
  const SafetensorsFile file = reader.model();
  const std::optional<WeightFormat> stored = packed_format(file);
  if (stored && format && *stored != *format) {
    fail_invalid("'{}' holds {} weights, they cannot be used as {}", found.path.string(),
                 to_string(*stored), to_string(*format));
  }
  const WeightFormat wanted = stored ? *stored : format.value_or(WeightFormat::f32);
  const Arena arena(backend, model.config, wanted);
  if (stored) {
    load_packed(backend, file, arena);
  } else {
    load_plain(backend, file, arena);
  }
  const std::shared_ptr<Weights> weights =
      assemble(model.config, std::move(model.tokenizer), arena, wanted);
  weights->chat_template = std::move(model.chat_template);
  weights->step = model.step;
  weights->path = found.path;
  weights->warning = found.warning;
  return weights;
}

std::shared_ptr<const Weights> pack_weights(Backend& backend, const GptConfig& config,
                                            std::shared_ptr<const Tokenizer> tokenizer,
                                            const Parameters& parameters, WeightFormat format) {
  const Arena arena(backend, config, format);
  for (std::int64_t i = 0; i < arena.size(); ++i) {
    const std::string& name = arena.spec(i).name;
    const Tensor value = parameters.value(parameters.index(name));
    const WeightMatrix& weight = arena[name];
    if (weight.packed.is_defined()) {
      pack(backend, value, weight.packed);
    } else {
      backend.upload(to_floats(backend, value).data(), weight.variable.data());
    }
  }
  const std::shared_ptr<Weights> weights = assemble(config, std::move(tokenizer), arena, format);
  weights->chat_template = weights->tokenizer ? ChatTemplate::fitting(*weights->tokenizer)
                                              : ChatTemplate::named("plain");
  return weights;
}

void save_weights(const std::filesystem::path& path, Backend& backend, const Weights& weights) {
  CheckpointContent content{.config = {{"modelConfig", to_json(weights.config)},
                                       {"chatTemplate", weights.chat_template.to_json()}},
                            .tokenizer = weights.tokenizer->to_json(),
                            .trainer_state = Json{{"step", weights.step}},
                            .model = {},
                            .model_metadata = packed_metadata(weights.format)};
  for (const auto& [name, weight] : weights.by_name) {
    if (weight.packed.is_defined()) {
      append_packed(name, weight.packed, content.model);
    } else {
      content.model.push_back({name, weight.variable.data()});
    }
  }
  save_checkpoint_directory(path, backend, content);
}

}  // namespace alpha
