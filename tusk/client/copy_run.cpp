#include <tusk/client/copy_run.hpp>

#include <tusk/types/array.hpp>

namespace tusk::detail {

/// Asks the catalog which of some types are enums.
class copy_run::type_lookup {
public:
    type_lookup(protocol::session& s, const connection_settings& settings, const std::vector<oid_t>& types)
        : question_{settings.statements()->intern("select oid::int8 from pg_catalog.pg_type where oid = "
                                                  "any($1::oid[]) and typtype = 'e'"),
                    options{}, types},
          call_{question_, answer_}, machine{s, *settings.statements(), call_, answer_} {}

    result<std::vector<oid_t>> take() {
        if (machine.result()) return machine.result();
        auto found = answer_.take();
        if (!found) return found.error();
        return std::vector<oid_t>(found->begin(), found->end());
    }

private:
    request question_;
    all_sink<std::uint32_t> answer_;
    detail::call call_;

public:
    protocol::query machine;
};

copy_run::copy_run(copy_job& job, protocol::session& s, const connection_settings& settings)
    : job_{job}, session_{s}, settings_{settings} {
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
    case stage::classifying: {
        auto enums = lookup_->take();
        return enums ? copy(*enums) : fail(enums.error());
    }
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
    if (shape_.description) return classify();
    stage_ = stage::describing;
    describing_.emplace(session_, shape_.text->text);
    return &*describing_;
}

protocol::machine* copy_run::described() {
    if (describing_->result()) return fail(describing_->result());
    shape_.description = describing_->take();
    if (!shape_.description) return fail(protocol::protocol_failure("a statement was not described"));
    settings_.statements()->describe(shape_.text, shape_.description);
    return classify();
}

protocol::machine* copy_run::classify() {
    const auto unclear = job_.unclear_types(*shape_.description);
    if (unclear.empty()) return copy({});
    stage_ = stage::classifying;
    lookup_ = std::make_unique<type_lookup>(session_, settings_, unclear);
    return &lookup_->machine;
}

protocol::machine* copy_run::copy(const std::vector<oid_t>& enums) {
    protocol::copy_shape shape;
    if (shape_.description) {
        if (auto f = job_.prepare(shape_.description, enums)) {
            f.set_sent(sent_state::none, retry_advice::never);
            return fail(std::move(f));
        }
        shape = protocol::copy_shape{shape_.text->text, *shape_.description};
    }
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
