#pragma once

#include <string_view>

#include "alpha/core/json.h"
#include "alpha/runs/run_store.h"

namespace alpha {

// The rows of /api: the original's names, times in milliseconds since 1970. `run_id` in rows other
// than run_row is RunInfo::id, by which the run is asked for.

/// A row of /api/runs: {id, run_id, config_hash, domain, vocab_size, block_size, n_layer, n_embd,
/// n_head, dropout, total_iters, batch_size, lr, seed, backend, tokenizer, optimizer, model_config,
/// train_config, status, latest_step, last_loss, best_val_loss, last_val_loss, tokens_per_sec,
/// ms_per_iter (both of the last row), estimated_params,
/// created_at, updated_at, disk_mtime, gpu_name, gpu_vendor, gpu_vram_mb, hostname, cpu_count,
/// ram_total_mb, os_platform, checkpoint_count, latest_checkpoint_step, best_step, metric_count
/// (null), source ("local", "ingest" or "checkpoint"), problem (null: none)}. What is not known is
/// null; model_config and train_config are objects.
Json run_row(const RunInfo& run);

/// A line of metrics.jsonl with `run_id` in front, valLoss and gradNorm as val_loss and grad_norm,
/// and null for step, loss, val_loss, lr, grad_norm, elapsed_ms, tokens_per_sec and ms_per_iter
/// where the line has none.
Json metric_row(std::string_view run_id, const Json& line);

/// {run_id, step, idx, prompt, output, created_at}.
Json sample_row(std::string_view run_id, const Json& line);

/// {id, run_id, step, level, kind, message, payload, created_at}.
Json event_row(std::string_view run_id, const Json& line);

/// {run_id, step, filename, file_path, file_size, created_at}.
Json checkpoint_row(std::string_view run_id, const RunCheckpoint& checkpoint);

/// A row of /api/models: {id, runId, name, step, mtime, lastLoss, modelConfig, trainConfig,
/// domain}, of the latest checkpoint. lastLoss is the last validation loss, or else the last loss.
Json model_row(const RunInfo& run);

}  // namespace alpha
