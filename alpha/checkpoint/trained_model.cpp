#include "alpha/checkpoint/trained_model.h"

#include "alpha/checkpoint/checkpoint_search.h"
#include "alpha/checkpoint/packed_tensors.h"
#include "alpha/core/json.h"

namespace alpha {

ModelDescription describe_model(const CheckpointReader& reader) {
  const std::string config_where = (reader.path() / kConfigFile).string();
  const std::string tokenizer_where = (reader.path() / kTokenizerFile).string();
  ModelDescription model;
  model.config = gpt_config_from_json(json_get<Json>(reader.config(), "modelConfig", config_where),
                                      config_where);
  model.tokenizer = tokenizer_from_json(reader.tokenizer(), tokenizer_where);
  if (model.tokenizer->vocab_size() != model.config.vocab_size) {
    fail(ErrorCode::corrupt, "{}: the tokenizer has {} tokens, the model a vocabulary of {}",
         reader.path().string(), model.tokenizer->vocab_size(), model.config.vocab_size);
  }
  const auto chat_template = reader.config().find("chatTemplate");
  model.chat_template = chat_template != reader.config().end()
                            ? ChatTemplate::from_json(*chat_template, config_where)
                            : ChatTemplate::fitting(*model.tokenizer);
  if (const Json* state = reader.trainer_state()) {
    model.step =
        json_get<std::int64_t>(*state, "step", (reader.path() / kTrainerStateFile).string());
  }
  return model;
}

TrainedModel load_model(const std::filesystem::path& path, Backend& backend, DType compute_dtype) {
  const ResolvedCheckpoint found = resolve_checkpoint(path, CheckpointParts::weights);
  const CheckpointReader reader(found.path);
  ModelDescription description = describe_model(reader);
  const SafetensorsFile file = reader.model();
  require_plain(file, found.path);
  TrainedModel model;
  model.path = found.path;
  model.warning = found.warning;
  model.config = description.config;
  model.tokenizer = std::move(description.tokenizer);
  model.step = description.step;
  model.parameters = std::make_unique<Parameters>(backend, gpt_parameters(model.config), DType::f32,
                                                  compute_dtype);
  for (std::size_t i = 0; i < model.parameters->size(); ++i) {
    file.load_into(backend, model.parameters->specs()[i].name, model.parameters->value(i),
                   ValueCheck::finite);
  }
  model.parameters->refresh_compute_copy();
  model.weights = gpt_weights(model.config, *model.parameters);
  return model;
}

}  // namespace alpha
