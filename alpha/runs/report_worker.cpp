#include "alpha/runs/report_worker.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "alpha/runs/run_id.h"
#include "alpha/train/config_hash.h"

namespace alpha {

namespace {

constexpr std::int64_t kToldProblems = 5;
constexpr std::int64_t kToldEach = 100;
constexpr std::size_t kMaxWaitingCheckpoints = 3;
constexpr double kMaxRetryAtEndSeconds = 5;

/// The id under which a run is reported: what may not be in one becomes `_`.
std::string reported_id(std::string id) {
  constexpr std::size_t kMaxBytes = 128;
  for (char& c : id) {
    if (!is_run_id(std::string(1, c)) && c != '.') c = '_';
  }
  if (id.starts_with('.')) id[0] = '_';
  if (id.empty()) id = "run";
  return id.substr(0, kMaxBytes);
}

Json start_message(const RunConfig& run, const std::string& id, const Clock& clock) {
  const Json model = to_json(run.model);
  const Json train = to_json(run.train);
  Json message = {{"type", "run_start"},
                  {"runId", id},
                  {"modelConfig", model},
                  {"trainConfig", train},
                  {"configHash", config_hash(model, train)},
                  {"totalParams", run.model.n_parameters()},
                  {"infra", host_infra()},
                  {"startedAt", clock.unix_ms()}};
  if (!run.domain.empty()) message["domain"] = run.domain;
  return message;
}

double seconds(std::int64_t ms) noexcept {
  return static_cast<double>(ms) / 1000;
}

}  // namespace

Reporter::Worker::Worker(ReporterOptions options, const RunConfig& run, std::int64_t first_step,
                         const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      run_id_(reported_id(run.run_id)),
      start_message_(start_message(run, run_id_, clock)),
      link_(options_.url, options_.secret),
      queue_(options_.max_metrics),
      step_(first_step),
      delivered_step_(first_step),
      last_delivery_(clock.seconds()),
      thread_([this] { loop(); }) {}

Reporter::Worker::~Worker() {
  {
    const std::scoped_lock lock(mutex_);
    is_cancelled_ = true;
  }
  link_.cancel();
  changed_.notify_all();
  thread_.join();
}

void Reporter::Worker::add_metrics(const StepMetrics& metrics) {
  const std::scoped_lock lock(mutex_);
  if (!queue_.has_lines()) lines_due_ = clock_.seconds() + seconds(options_.flush_ms);
  step_ = metrics.step;
  queue_.add_metrics(to_json(metrics));
  changed_.notify_all();
}

void Reporter::Worker::add_sample(const std::string& prompt, const std::string& output) {
  const std::scoped_lock lock(mutex_);
  if (!queue_.has_lines()) lines_due_ = clock_.seconds() + seconds(options_.flush_ms);
  if (std::exchange(sample_step_, step_) != step_) sample_index_ = 0;
  queue_.add_sample(step_, {{"idx", sample_index_++},
                            {"prompt", prompt},
                            {"output", output},
                            {"created_at", clock_.unix_ms()}});
  changed_.notify_all();
}

void Reporter::Worker::add_event(const TrainEvent& event) {
  const std::scoped_lock lock(mutex_);
  if (!queue_.has_lines()) lines_due_ = clock_.seconds() + seconds(options_.flush_ms);
  queue_.add_event({{"step", event.step},
                    {"level", event.level},
                    {"kind", event.kind},
                    {"message", event.message},
                    {"timestamp", event.created_ms}});
  changed_.notify_all();
}

void Reporter::Worker::add_checkpoint(const std::filesystem::path& path, std::int64_t step) {
  const std::scoped_lock lock(mutex_);
  last_checkpoint_.emplace(path, step);
  if (options_.checkpoints != ReportedCheckpoints::all) return;
  checkpoints_.emplace_back(path, step);
  while (checkpoints_.size() > kMaxWaitingCheckpoints) {
    note_problem(fmt::format("the checkpoint of step {} is not sent: newer ones wait",
                             checkpoints_.front().second));
    checkpoints_.pop_front();
    ++n_given_up_;
  }
  changed_.notify_all();
}

std::vector<std::string> Reporter::Worker::take_problems() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(problems_, {});
}

ReportOutcome Reporter::Worker::finish(std::int64_t step, bool is_complete,
                                       const std::function<void(const std::string&)>& on_wait) {
  std::unique_lock lock(mutex_);
  is_finishing_ = true;
  if (is_complete) final_step_ = step;
  if (options_.checkpoints == ReportedCheckpoints::last && last_checkpoint_) {
    checkpoints_.push_back(*last_checkpoint_);
  }
  // A server that was away is asked once more, now.
  not_before_ = 0;
  last_delivery_ = clock_.seconds();
  const double start = clock_.seconds();
  changed_.notify_all();
  while (!is_all_sent()) {
    const double now = clock_.seconds();
    const double left = std::min(last_delivery_ + seconds(options_.stall_ms) - now,
                                 start + seconds(options_.max_finish_ms) - now);
    if (left <= 0) break;
    const std::chrono::duration<double> wait(std::min(1.0, left));
    if (changed_.wait_for(lock, wait, [this] { return is_all_sent(); }) || !on_wait) continue;
    const std::string text = waiting_for();
    lock.unlock();
    on_wait(text);
    lock.lock();
  }
  const bool is_delivered = is_all_sent() && n_given_up_ == 0;
  is_cancelled_ = true;
  link_.cancel();
  changed_.notify_all();
  return {.is_delivered = is_delivered, .n_dropped = queue_.n_dropped(), .n_problems = n_problems_};
}

void Reporter::Worker::loop() {
  std::unique_lock lock(mutex_);
  while (!is_cancelled_) {
    const double now = clock_.seconds();
    double wake = now + 3600;
    const Task task = next_task(now, wake);
    if (task != Task::none) {
      run_task(task, lock);
    } else {
      changed_.wait_for(lock, std::chrono::duration<double>(std::max(0.001, wake - now)));
    }
  }
}

/// What is due, or when to look again.
Reporter::Worker::Task Reporter::Worker::next_task(double now, double& wake) const {
  if (now < not_before_) {
    wake = not_before_;
    return Task::none;
  }
  if (!is_started_) return Task::start;
  if (queue_.has_lines()) {
    if (is_finishing_ || now >= lines_due_) return Task::lines;
    wake = std::min(wake, lines_due_);
  }
  if (sender_ || !checkpoints_.empty()) return Task::piece;
  if (is_finishing_) return final_step_ && !queue_.has_lines() ? Task::complete : Task::none;
  const double heartbeat = last_delivery_ + seconds(options_.heartbeat_ms);
  if (now >= heartbeat) return Task::heartbeat;
  wake = std::min(wake, heartbeat);
  return Task::none;
}

Json Reporter::Worker::message_of(Task task) {
  Json message;
  switch (task) {
    case Task::start:
      message = start_message_;
      message["step"] = delivered_step_;
      break;
    case Task::lines: message = queue_.take_message(); break;
    case Task::complete: message = {{"finalStep", *final_step_}}; break;
    default: message = {{"type", "heartbeat"}, {"step", step_}};
  }
  message["runId"] = run_id_;
  return message;
}

void Reporter::Worker::run_task(Task task, std::unique_lock<std::mutex>& lock) {
  Json message;
  if (task != Task::piece) {
    message = message_of(task);
  } else if (!sender_) {
    sender_.emplace(run_id_, checkpoints_.front().second, checkpoints_.front().first,
                    options_.piece_bytes);
    checkpoints_.pop_front();
  }
  is_busy_ = true;
  lock.unlock();
  Answer answer;
  try {
    if (task == Task::piece) {
      answer = sender_->send_piece(link_);
    } else {
      answer = link_.post(task == Task::complete ? "/api/ingest/complete" : "/api/ingest", message);
    }
  } catch (const std::exception& error) {
    answer = {.delivery = Delivery::retry, .problem = error.what()};
  }
  lock.lock();
  is_busy_ = false;
  settle(task, std::move(message), answer);
  changed_.notify_all();
}

void Reporter::Worker::settle(Task task, Json&& message, const Answer& answer) {
  const double now = clock_.seconds();
  if (answer.delivery == Delivery::done) {
    n_failures_ = 0;
    last_delivery_ = now;
    if (task == Task::start) is_started_ = true;
    if (task == Task::complete) final_step_.reset();
    if (task == Task::piece) percent_ = sender_->percent();
    if (task == Task::piece && sender_->is_done()) sender_.reset();
    if (task == Task::lines && message.contains("metrics")) {
      delivered_step_ = message.at("metrics").back().at("step").get<std::int64_t>();
    }
    return;
  }
  if (answer.delivery == Delivery::cancelled) {
    if (task == Task::lines) queue_.put_back(std::move(message));
    return;
  }
  note_problem(answer.problem);
  const bool is_refused = answer.delivery == Delivery::refused && task != Task::start;
  if (is_refused) {
    if (task == Task::lines) queue_.give_up(message);
    if (task == Task::piece) sender_.reset();
    if (task == Task::complete) final_step_.reset();
    if (task != Task::heartbeat) ++n_given_up_;
    return;
  }
  if (task == Task::lines) queue_.put_back(std::move(message));
  if (answer.delivery == Delivery::unknown_run && task != Task::piece) is_started_ = false;
  double wait =
      std::min(seconds(options_.max_retry_ms),
               seconds(options_.first_retry_ms) * std::ldexp(1, std::min(n_failures_, 30)));
  if (is_finishing_) wait = std::min(wait, kMaxRetryAtEndSeconds);
  ++n_failures_;
  not_before_ = now + wait;
}

void Reporter::Worker::note_problem(const std::string& problem) {
  ++n_problems_;
  if (n_problems_ > kToldProblems && n_problems_ % kToldEach != 0) return;
  problems_.push_back(n_problems_ <= kToldProblems
                          ? fmt::format("report: {}", problem)
                          : fmt::format("report: {} ({} failures so far)", problem, n_problems_));
}

bool Reporter::Worker::is_all_sent() const {
  return is_started_ && !is_busy_ && !queue_.has_lines() && checkpoints_.empty() && !sender_ &&
         !final_step_;
}

std::string Reporter::Worker::waiting_for() const {
  if (n_failures_ > 0) return "report: the server does not take what is left";
  if (queue_.has_lines()) return fmt::format("report: {} lines are left", queue_.n_lines());
  if (sender_) {
    return fmt::format("report: the checkpoint of step {} is on its way: {} %", sender_->step(),
                       percent_);
  }
  return "report: waiting for the server";
}

}  // namespace alpha
