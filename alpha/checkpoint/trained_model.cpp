#include "alpha/checkpoint/trained_model.h"

#include "alpha/checkpoint/checkpoint_search.h"
#include "alpha/core/json.h"

namespace alpha {

TrainedModel load_model(const std::filesystem::path& path, Backend& backend, DType compute_dtype) {
  const ResolvedCheckpoint found = resolve_checkpoint(path, CheckpointParts::weights);
  const CheckpointReader reader(found.path);
  const std::string config_where = (found.path / kConfigFile).string();
  const std::string tokenizer_where = (found.path / kTokenizerFile).string();
  TrainedModel model;
  model.path = found.path;
  model.warning = found.warning;
  model.config = gpt_config_from_json(json_get<Json>(reader.config(), "modelConfig", config_where),
                                      config_where);
  model.tokenizer = tokenizer_from_json(reader.tokenizer(), tokenizer_where);
  if (model.tokenizer->vocab_size() != model.config.vocab_size) {
    fail(ErrorCode::corrupt, "{}: the tokenizer has {} tokens, the model a vocabulary of {}",
         found.path.string(), model.tokenizer->vocab_size(), model.config.vocab_size);
  }
  if (const Json* state = reader.trainer_state()) {
    model.step = json_get<std::int64_t>(*state, "step", (found.path / kTrainerStateFile).string());
  }
  model.parameters = std::make_unique<Parameters>(backend, gpt_parameters(model.config), DType::f32,
                                                  compute_dtype);
  const SafetensorsFile file = reader.model();
  for (std::size_t i = 0; i < model.parameters->size(); ++i) {
    file.load_into(backend, model.parameters->specs()[i].name, model.parameters->value(i),
                   ValueCheck::finite);
  }
  model.parameters->refresh_compute_copy();
  model.weights = gpt_weights(model.config, *model.parameters);
  return model;
}

}  // namespace alpha
