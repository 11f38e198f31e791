#include "alpha/runs/run_rows.h"

#include <array>

namespace alpha {

namespace {

template<class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

/// `object[key]`, or null when there is no such member or no object.
Json member(const Json& object, const char* key) {
  return object.is_object() ? object.value(key, Json()) : Json();
}

std::string_view source_of(const RunInfo& run) {
  if (run.is_bare_checkpoint) return "checkpoint";
  return run.is_ingested ? "ingest" : "local";
}

void add_renamed(Json& row, const Json& from,
                 std::initializer_list<std::pair<const char*, const char*>> names) {
  for (const auto& [name, original] : names) row[name] = member(from, original);
}

}  // namespace

Json run_row(const RunInfo& run) {
  const Json model = member(run.config, "modelConfig");
  const Json train = member(run.config, "trainConfig");
  Json row = {{"id", run.id},
              {"run_id", run.run_id},
              {"config_hash", member(run.config, "configHash")},
              {"domain", run.domain}};
  add_renamed(row, model,
              {{"vocab_size", "vocabSize"},
               {"block_size", "blockSize"},
               {"n_layer", "nLayer"},
               {"n_embd", "nEmbd"},
               {"n_head", "nHead"},
               {"dropout", "dropout"}});
  row["total_iters"] = run.total_steps;
  add_renamed(row, train,
              {{"batch_size", "batchSize"},
               {"lr", "lr"},
               {"seed", "seed"},
               {"backend", "backend"},
               {"tokenizer", "tokenizer"},
               {"optimizer", "optimizer"}});
  row["model_config"] = model;
  row["train_config"] = train;
  row["status"] = to_string(run.status);
  row["latest_step"] = run.step;
  row["last_loss"] = or_null(run.last_loss);
  row["best_val_loss"] = or_null(run.best_val_loss);
  row["last_val_loss"] = or_null(run.last_val_loss);
  row["tokens_per_sec"] = or_null(run.tokens_per_sec);
  row["ms_per_iter"] = or_null(run.ms_per_iter);
  row["estimated_params"] = run.n_params > 0 ? Json(run.n_params) : Json();
  row["created_at"] = run.created_ms;
  row["updated_at"] = run.updated_ms;
  row["disk_mtime"] = run.updated_ms;
  add_renamed(row, member(run.config, "infra"),
              {{"gpu_name", "gpuName"},
               {"gpu_vendor", "gpuVendor"},
               {"gpu_vram_mb", "gpuVramMb"},
               {"hostname", "hostname"},
               {"cpu_count", "cpuCount"},
               {"ram_total_mb", "ramTotalMb"},
               {"os_platform", "osPlatform"}});
  row["checkpoint_count"] = run.checkpoints.size();
  row["latest_checkpoint_step"] =
      run.checkpoints.empty() ? Json() : Json(run.checkpoints.back().step);
  row["best_step"] = or_null(run.best_step);
  row["metric_count"] = nullptr;
  row["source"] = source_of(run);
  row["problem"] = run.problem.empty() ? Json() : Json(run.problem);
  return row;
}

Json metric_row(std::string_view run_id, const Json& line) {
  constexpr std::array kAlways = {"step",      "loss",       "val_loss",       "lr",
                                  "grad_norm", "elapsed_ms", "tokens_per_sec", "ms_per_iter"};
  Json row = {{"run_id", run_id}};
  for (const char* name : kAlways) row[name] = nullptr;
  for (const auto& [name, value] : line.items()) {
    if (name == "valLoss") {
      row["val_loss"] = value;
    } else if (name == "gradNorm") {
      row["grad_norm"] = value;
    } else if (name != "run_id") {
      row[name] = value;
    }
  }
  return row;
}

Json sample_row(std::string_view run_id, const Json& line) {
  Json row = {{"run_id", run_id}};
  for (const char* name : {"step", "idx", "prompt", "output", "created_at"}) {
    row[name] = member(line, name);
  }
  return row;
}

Json event_row(std::string_view run_id, const Json& line) {
  Json row = {{"id", member(line, "id")}, {"run_id", run_id}};
  for (const char* name : {"step", "level", "kind", "message", "payload", "created_at"}) {
    row[name] = member(line, name);
  }
  return row;
}

Json checkpoint_row(std::string_view run_id, const RunCheckpoint& checkpoint) {
  return {{"run_id", run_id},
          {"step", checkpoint.step},
          {"filename", checkpoint.path.filename().string()},
          {"file_path", checkpoint.path.string()},
          {"file_size", checkpoint.size_bytes},
          {"created_at", checkpoint.mtime_ms}};
}

Json model_row(const RunInfo& run) {
  const bool has_checkpoint = !run.checkpoints.empty();
  const std::optional<double> loss = run.last_val_loss ? run.last_val_loss : run.last_loss;
  return {{"id", run.id},
          {"runId", run.run_id},
          {"name", run.id},
          {"step", has_checkpoint ? run.checkpoints.back().step : run.step},
          {"mtime", has_checkpoint ? run.checkpoints.back().mtime_ms : run.updated_ms},
          {"lastLoss", or_null(loss)},
          {"modelConfig", member(run.config, "modelConfig")},
          {"trainConfig", member(run.config, "trainConfig")},
          {"domain", run.domain}};
}

}  // namespace alpha
