#include <tusk/client/copy_run.hpp>

namespace tusk::detail {

copy_run::copy_run(copy_job& job, protocol::session& s, const connection_settings& settings)
    : job_{job}, session_{s}, settings_{settings}, types_{settings.types()} {
    if (!settings_.observed_by()) return;
    event_.pool = settings_.pool_name();
    event_.start = steady_clock::now();
    event_.sql = job_.text();
    event_.table = job_.table();
    event_.out = job_.is_out();
    event_.backend_pid = s.backend_pid;
    settings_.observed_by()->copy_started(event_);
}

copy_run::~copy_run() = default;

protocol::machine* copy_run::next(bool paused) {
    first_ = protocol::event_kind::start;
    switch (stage_) {
    case stage::start: return look_up();
    case stage::describing: return described();
    case stage::asking: return asking_->result() ? fail(asking_->result()) : prepare();
    case stage::copying:
        if (paused && !session_.broken) {
            // The sink has enough: the rest is cancelled and drained.
            stage_ = stage::stopping;
            first_ = protocol::event_kind::canceled;
            return machine_.get();
        }
        return copied();
    case stage::stopping: return copied();
    case stage::over: break;
    }
    return nullptr;
}

/// The columns' types, from what is known of the statement or from the server.
protocol::machine* copy_run::look_up() {
    if (job_.shape_text().empty()) return copy({});
    shape_ = settings_.statements()->intern(job_.shape_text());
    if (shape_.description) return prepare();
    stage_ = stage::describing;
    describing_.emplace(session_, shape_.text->text);
    return &*describing_;
}

protocol::machine* copy_run::described() {
    if (describing_->result()) return fail(describing_->result());
    shape_.description = describing_->take();
    if (!shape_.description) return fail(protocol::protocol_failure("a statement was not described"));
    settings_.statements()->describe(shape_.text, shape_.description);
    return prepare();
}

/// Chooses the codecs, once the server has said what there is to know about the types.
protocol::machine* copy_run::prepare() {
    auto f = types_.unfinished() ? unknown_types_failure() : job_.prepare(shape_.description, types_);
    if (!f) return copy(protocol::copy_shape{shape_.text->text, *shape_.description});
    if (auto* question = types_.question()) {
        stage_ = stage::asking;
        asking_.emplace(session_, *question);
        return &*asking_;
    }
    f.set_sent(sent_state::none, retry_advice::never);
    return fail(std::move(f));
}

protocol::machine* copy_run::copy(const protocol::copy_shape& shape) {
    stage_ = stage::copying;
    machine_ = job_.machine(session_, shape);
    return machine_.get();
}

protocol::machine* copy_run::copied() {
    if (machine_->stale()) {
        settings_.statements()->forget(*shape_.text);
        const bool again = !repeated_ && !session_.broken && session_.transaction == transaction_status::idle;
        if (again && machine_->result().code() == make_error_code(errc::column_mismatch)) {
            repeated_ = true;
            return look_up();
        }
    }
    static_cast<void>(types_.distrusts(machine_->result())); // the next COPY asks again
    job_.copied(machine_->rows());
    // What the cancelling of a rest that nobody wants comes to is of no interest.
    auto f = job_.stopped() ? job_.own_failure() : machine_->result();
    if (!f && job_.has_lost_rows()) {
        session_.broken = true;
        f = protocol::protocol_failure("another number of rows arrived than the server says it sent");
    }
    return fail(std::move(f));
}

protocol::machine* copy_run::fail(failure f) {
    stage_ = stage::over;
    result_ = std::move(f);
    if (result_ && result_.sql().empty()) result_.set_sql(job_.text());
    return nullptr;
}

failure copy_run::finish() {
    if (settings_.observed_by()) {
        event_.elapsed = steady_clock::now() - event_.start;
        event_.error = result_ ? &result_ : nullptr;
        event_.rows = job_.rows();
        event_.bytes = job_.bytes();
        settings_.observed_by()->copy_finished(event_);
    }
    return result_;
}

} // namespace tusk::detail
