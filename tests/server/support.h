#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "alpha/backends/backends.h"
#include "alpha/checkpoint/checkpoint_directory.h"
#include "alpha/checkpoint/checkpoint_search.h"
#include "alpha/core/files.h"
#include "alpha/core/json.h"
#include "alpha/http/client.h"
#include "alpha/server/service.h"
#include "alpha/tokenizers/tokenizer_factory.h"
#include "alpha/train/train_config.h"

namespace alpha::test {

class TempDir {
 public:
  TempDir() {
    std::string path = (std::filesystem::temp_directory_path() / "alpha_server_XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = path;
  }

  ~TempDir() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }

  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

/// A model of one layer that knows nothing; another seed is another model.
inline void write_checkpoint(Backend& backend, const std::filesystem::path& run_dir,
                             std::int64_t step, int seed, double val_loss = 1) {
  const std::shared_ptr<const Tokenizer> tokenizer =
      train_tokenizer("bpe-chat", "the cat sat on the mat, the dog sat on the log", 280);
  GptConfig config;
  config.vocab_size = tokenizer->vocab_size();
  config.block_size = 64;
  config.n_layer = 1;
  config.n_embd = 32;
  config.n_head = 2;
  Parameters parameters(backend, gpt_parameters(config));
  initialize(backend, config, parameters, seed);
  CheckpointContent content{.config = {{"modelConfig", to_json(config)},
                                       {"trainConfig", to_json(TrainConfig{})},
                                       {"runId", run_dir.filename().string()}},
                            .tokenizer = tokenizer->to_json(),
                            .trainer_state = Json{{"step", step}, {"bestValLoss", val_loss}},
                            .model = {}};
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    content.model.push_back({.name = parameters.specs()[i].name, .tensor = parameters.value(i)});
  }
  make_directories(run_dir);
  if (!file_exists(run_dir / "config.json")) {
    write_file_atomic(run_dir / "config.json", content.config.dump(2));
  }
  save_checkpoint_directory(checkpoint_path(run_dir, step), backend, content);
}

/// A service on a port of its own, with its thread.
class RunningService {
 public:
  RunningService(Backend& backend, ServerSettings settings) {
    settings.http.port = 0;
    service_ = std::make_unique<Service>(backend, std::move(settings), clock_);
    thread_ = std::thread([this] { service_->run(); });
  }

  ~RunningService() {
    service_->stop();
    thread_.join();
  }

  Service& service() noexcept { return *service_; }

  std::uint16_t port() const noexcept { return service_->port(); }

  std::unique_ptr<http::Client> client() const {
    return std::make_unique<http::Client>(
        http::parse_url(fmt::format("http://127.0.0.1:{}", port())), 60'000);
  }

  http::Response post(const std::string& path, const Json& body) const {
    return client()->request("POST", path, {}, body.dump());
  }

  http::Response get(const std::string& path) const {
    return client()->request("GET", path, {}, "");
  }

  /// The value of a metric, labels and all; -1 where it is not there.
  double metric(const std::string& name) const {
    const std::string text = "\n" + get("/metrics").body;
    const auto at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
  }

 private:
  SystemClock clock_;
  std::unique_ptr<Service> service_;
  std::thread thread_;
};

}  // namespace alpha::test
