#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "alpha/core/clock.h"
#include "alpha/runs/checkpoint_sender.h"
#include "alpha/runs/report.h"
#include "alpha/runs/report_link.h"
#include "alpha/runs/report_queue.h"

namespace alpha {

/// The reporter's thread and what it shares with the thread that trains. Every public function is
/// for the latter, and none waits for the network but `finish`.
class Reporter::Worker {
 public:
  Worker(ReporterOptions options, const RunConfig& run, std::int64_t first_step,
         const Clock& clock);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  void add_metrics(const StepMetrics& metrics);
  void add_sample(const std::string& prompt, const std::string& output);
  void add_event(const TrainEvent& event);
  void add_checkpoint(const std::filesystem::path& path, std::int64_t step);
  ReportOutcome finish(std::int64_t step, bool is_complete,
                       const std::function<void(const std::string&)>& on_wait);

  /// What is to be told of failures since the last call.
  std::vector<std::string> take_problems();

 private:
  enum class Task : std::uint8_t { none, start, lines, piece, complete, heartbeat };

  // On the worker's thread; those that take no lock want it held.
  void loop();
  Task next_task(double now, double& wake) const;
  void run_task(Task task, std::unique_lock<std::mutex>& lock);
  Json message_of(Task task);
  void settle(Task task, Json&& message, const Answer& answer);
  void note_problem(const std::string& problem);
  bool is_all_sent() const;
  std::string waiting_for() const;

  const ReporterOptions options_;
  const Clock& clock_;
  const std::string run_id_;
  const Json start_message_;
  ReportLink link_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // All below by mutex_.
  ReportQueue queue_;
  std::deque<std::pair<std::filesystem::path, std::int64_t>> checkpoints_;
  std::optional<CheckpointSender> sender_;  // used without the lock by the worker's thread alone
  std::optional<std::pair<std::filesystem::path, std::int64_t>> last_checkpoint_;
  std::vector<std::string> problems_;
  std::int64_t n_problems_ = 0;
  std::int64_t n_given_up_ = 0;
  std::int64_t step_;            // the last one reported to us
  std::int64_t delivered_step_;  // the last one that the server has
  std::int64_t sample_index_ = 0;
  std::int64_t sample_step_ = -1;
  int percent_ = 0;  // of the checkpoint that is on its way
  bool is_started_ = false;
  bool is_busy_ = false;  // a message is on its way
  bool is_finishing_ = false;
  bool is_cancelled_ = false;
  std::optional<std::int64_t> final_step_;  // to be told
  int n_failures_ = 0;                      // in a row
  double not_before_ = 0;                   // clock seconds of the next attempt
  double lines_due_ = 0;                    // when lines that wait are sent
  double last_delivery_ = 0;
  std::thread thread_;
};

}  // namespace alpha
