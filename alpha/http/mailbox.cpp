#include "alpha/http/mailbox.h"

namespace alpha::http {

void Mailbox::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (is_closed_) return;  // `task` dies with the call, after the lock
  tasks_.push_back(std::move(task));
  if (tasks_.size() == 1) wake_();
}

void Mailbox::take(std::vector<std::function<void()>>& tasks) {
  tasks.clear();
  const std::lock_guard lock(mutex_);
  tasks_.swap(tasks);
}

void Mailbox::close() {
  std::vector<std::function<void()>> dropped;  // their ends may post: not under the lock
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
  wake_ = {};
  dropped.swap(tasks_);
}

}  // namespace alpha::http
