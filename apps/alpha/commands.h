#pragma once

#include <span>
#include <string>

namespace alpha::cli {

// The commands. Each takes what stands behind its name, reads its flags and returns the exit code.
// Error: UsageError for what was typed, Error for what went wrong.

using Arguments = std::span<const std::string>;

int train_command(Arguments args);
int sample_command(Arguments args);
int eval_command(Arguments args);
int tokenize_command(Arguments args);
int inspect_command(Arguments args);
int export_command(Arguments args);
int import_command(Arguments args);
int quantize_command(Arguments args);
int bench_command(Arguments args);
int bench_helios_command(Arguments args);
int serve_command(Arguments args);
int kernels_command(Arguments args);
int devices_command(Arguments args);
int data_command(Arguments args);
int quickstart_command(Arguments args);

}  // namespace alpha::cli
