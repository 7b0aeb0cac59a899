#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include <tusk/client/make_request.hpp>
#include <tusk/client/request.hpp>
#include <tusk/client/sinks.hpp>
#include <tusk/client/statement.hpp>
#include <tusk/protocol/batch_query.hpp>

namespace tusk {

class batch;

namespace detail {

/// What the statements of a batch share, and their results after it: the texts, each once.
class batch_texts {
public:
    struct text {
        std::string sql;
        protocol::known_statement known; ///< Set when the batch is run.
    };
    const text* find_or_add(std::string_view sql);

    std::deque<text> texts;
    std::optional<call_types> types; ///< Set when the batch is run.
    parameters scratch;              ///< The arguments of the statement that is being written.

private:
    std::unordered_map<std::string_view, text*> by_sql_;
    text* recent_ = nullptr;
};

/// One statement of a batch: its text, its arguments, what becomes of its rows, and what went wrong.
class batch_entry : public protocol::query_source {
public:
    enum class state : std::uint8_t { waiting, done, failed };

    batch_entry(std::shared_ptr<batch_texts> shared, std::string_view sql)
        : shared_{std::move(shared)}, text_{shared_->find_or_add(sql)} {}

    const protocol::statement_ptr& text() const noexcept final { return text_->known.text; }
    const protocol::description_ptr& known_description() const noexcept final {
        return text_->known.description;
    }
    std::string_view sql() const noexcept { return text_->sql; }
    virtual client_sink& sink() noexcept = 0;
    /// Forgets what was received; false when it cannot be taken back.
    virtual bool restart() = 0;

    void fail(failure why) {
        error = std::move(why);
        status = state::failed;
    }
    /// Throws unless there is a result.
    void check() const;

    state status = state::waiting;
    bool committed = false; ///< Of an independent one: its own Sync was answered.
    failure error;

protected:
    parameters& scratch() noexcept { return shared_->scratch; }
    call_types& types() noexcept { return *shared_->types; }

private:
    std::shared_ptr<batch_texts> shared_;
    const batch_texts::text* text_;
};

template <class Value>
class batch_value : public batch_entry {
public:
    using batch_entry::batch_entry;
    virtual result<Value> take() = 0;
};

/// Passes on what the real sink wants to know, and hears of errors.
template <class Sink>
class recording_sink final : public client_sink {
public:
    recording_sink(batch_entry& owner, Sink sink) : inner{std::move(sink)}, owner_{owner} {}
    failure prepare(const protocol::description_ptr& d, std::span<const std::int16_t>& formats) override {
        inner.use_types(types());
        return inner.prepare(d, formats);
    }
    protocol::flow on_row(std::span<const std::byte> body) override { return inner.on_row(body); }
    void on_complete(const wire::command_tag& tag) override {
        inner.on_complete(tag);
        owner_.status = batch_entry::state::done;
    }
    bool expects_rows() const noexcept override { return inner.expects_rows(); }
    void on_ready() override { owner_.committed = true; }
    void on_error(const failure& why, protocol::request_phase) override { owner_.fail(why); }
    failure take_failure() override { return inner.take_failure(); }
    Sink inner;

private:
    batch_entry& owner_;
};

template <class Sink, class... Owned>
class batch_entry_of final : public batch_value<typename Sink::value_type> {
public:
    template <class... A>
    batch_entry_of(std::shared_ptr<batch_texts> shared, std::string_view sql, Sink sink, const A&... args)
        : batch_value<typename Sink::value_type>{std::move(shared), sql}, sink_{*this, std::move(sink)},
          arguments_{own_argument<Owned>(args)...} {}

    failure bind(const protocol::description_ptr& description, wire::bound_values& arguments,
                 std::span<const std::int16_t>& formats) override {
        auto& types = this->types();
        if (types.unfinished()) return unknown_types_failure();
        sink_.use_types(&types);
        if (auto f = sink_.prepare(description, formats); f && !types.has_unknown()) return f;
        auto& out = this->scratch();
        auto f = std::apply(
            [&](const auto&... v) { return encode_arguments(out, description->parameters, types, v...); },
            arguments_);
        arguments = out.bound();
        return types.has_unknown() ? unknown_types_failure() : std::move(f);
    }
    client_sink& sink() noexcept override { return sink_; }
    bool restart() override {
        if constexpr (std::is_default_constructible_v<Sink>) {
            sink_.inner = Sink{};
            this->status = batch_entry::state::waiting;
            this->error = {};
            return true;
        } else {
            return false; // the caller's function was called
        }
    }
    result<typename Sink::value_type> take() override { return sink_.inner.take(); }

private:
    recording_sink<Sink> sink_;
    std::tuple<Owned...> arguments_;
};

/// A statement whose arguments are only known when the program runs, with a sink that can start again.
template <class Sink>
class batch_entry_with final : public batch_value<typename Sink::value_type> {
public:
    batch_entry_with(std::shared_ptr<batch_texts> shared, std::string_view sql, Sink sink,
                     std::unique_ptr<deferred_arguments> arguments)
        : batch_value<typename Sink::value_type>{std::move(shared), sql}, sink_{*this, std::move(sink)},
          arguments_{std::move(arguments)} {}

    failure bind(const protocol::description_ptr& description, wire::bound_values& arguments,
                 std::span<const std::int16_t>& formats) override {
        auto& types = this->types();
        if (types.unfinished()) return unknown_types_failure();
        sink_.use_types(&types);
        if (auto f = sink_.prepare(description, formats); f && !types.has_unknown()) return f;
        auto& out = this->scratch();
        auto f = arguments_->encode(out, description->parameters, types);
        arguments = out.bound();
        return types.has_unknown() ? unknown_types_failure() : std::move(f);
    }
    client_sink& sink() noexcept override { return sink_; }
    bool restart() override {
        if (!sink_.inner.restart()) return false;
        this->status = batch_entry::state::waiting;
        this->error = {};
        return true;
    }
    result<typename Sink::value_type> take() override { return sink_.inner.take(); }

private:
    recording_sink<Sink> sink_;
    std::unique_ptr<deferred_arguments> arguments_;
};

} // namespace detail

/// What a statement of a batch brings, once the batch was run. Copies share it.
template <class T>
class batch_result {
public:
    /// The result, once. Throws what went wrong: the statement's own error, or
    /// `errc::transaction_rolled_back` when another statement's error took this one's work with it.
    T get() {
        entry_->check();
        auto out = entry_->take();
        if (!out) throw error{failure{out.error()}.set_sql(entry_->sql())};
        return std::move(*out);
    }
    /// Whether `get()` may be called without an exception of the server's.
    bool ok() const noexcept { return entry_->status == detail::batch_entry::state::done; }
    const failure& why() const noexcept { return entry_->error; }

private:
    friend class batch;
    explicit batch_result(std::shared_ptr<detail::batch_value<T>> entry) : entry_{std::move(entry)} {}
    std::shared_ptr<detail::batch_value<T>> entry_;
};

/// Statements for one round trip:
///
///     tusk::batch b;
///     auto found = b.one<user>("select * from users where id = $1", 7);
///     auto touched = b.exec("update users set seen = now() where id = $1", 7);
///     co_await db.run(b);
///     found.get();
///
/// They are one transaction: after an error nothing of the batch stays, and the failure names the statement.
/// With `independent()` each is a transaction of its own. Arguments are copied when a statement is added. A
/// batch is run once. Source: PostgreSQL documentation, "Extended Query", pipelining.
class batch final : private protocol::batch_source {
public:
    /// Every statement is its own transaction, and an error of one leaves the others alone. Not inside a
    /// transaction, where there is only that one.
    batch& independent(bool on = true) noexcept {
        independent_ = on;
        return *this;
    }

    template <class... A>
    batch_result<std::uint64_t> exec(std::string_view sql, const A&... args) {
        return add(sql, detail::exec_sink{}, args...);
    }
    template <class T, class... A>
    batch_result<T> one(std::string_view sql, const A&... args) {
        return add(sql, detail::one_sink<T>{}, args...);
    }
    template <class T, class... A>
    batch_result<std::optional<T>> maybe(std::string_view sql, const A&... args) {
        return add(sql, detail::maybe_sink<T>{}, args...);
    }
    template <class T, class... A>
    batch_result<std::vector<T>> all(std::string_view sql, const A&... args) {
        return add(sql, detail::all_sink<T>{}, args...);
    }
    /// The same for `sql<…>` statements, which bring the row type with them.
    template <statement_of_program S, class... A>
    batch_result<std::uint64_t> exec(const S&, const A&... args) {
        return S::with_arguments([&](const auto&... a) { return exec(S::text(), a...); }, args...);
    }
    template <detail::statement_with_rows S, class... A>
    auto one(const S&, const A&... args) {
        using row = typename S::row_type;
        return S::with_arguments([&](const auto&... a) { return one<row>(S::text(), a...); }, args...);
    }
    template <detail::statement_with_rows S, class... A>
    auto maybe(const S&, const A&... args) {
        using row = typename S::row_type;
        return S::with_arguments([&](const auto&... a) { return maybe<row>(S::text(), a...); }, args...);
    }
    template <detail::statement_with_rows S, class... A>
    auto all(const S&, const A&... args) {
        using row = typename S::row_type;
        return S::with_arguments([&](const auto&... a) { return all<row>(S::text(), a...); }, args...);
    }
    /// `f(row)` is called while the answer is read; see `verbs::for_each`.
    template <class T, class F, class... A>
    batch_result<std::uint64_t> for_each(F f, std::string_view sql, const A&... args) {
        return add(sql, detail::each_sink<T, F>{std::move(f)}, args...);
    }

    /// For parts above: a statement with a sink of their own and arguments that are encoded when the server
    /// has described the statement.
    template <class Sink>
    batch_result<typename Sink::value_type>
    add_deferred(std::string_view sql, Sink sink, std::unique_ptr<detail::deferred_arguments> arguments) {
        using entry = detail::batch_entry_with<Sink>;
        auto made = std::make_shared<entry>(shared_, sql, std::move(sink), std::move(arguments));
        entries_.push_back(made);
        return batch_result<typename Sink::value_type>{std::move(made)};
    }

    std::size_t size() const noexcept override { return entries_.size(); }
    bool empty() const noexcept { return entries_.empty(); }
    bool is_independent() const noexcept { return independent_; }

    /// For executors: why the batch cannot be run.
    failure check() const;
    /// For executors: looks the texts up with `intern(sql)` and gives the statements to a machine. `types`
    /// outlives the run.
    template <class Intern>
    protocol::batch_source& begin(Intern intern, const std::shared_ptr<type_catalog>& types) {
        was_run_ = true;
        shared_->types.emplace(types);
        for (auto& t : shared_->texts) t.known = intern(std::string_view{t.sql});
        return *this;
    }
    /// For executors: hands out what the machine ended with. Gives back the first failure, which names its
    /// statement.
    failure conclude(failure f);

private:
    template <class Sink, class... A>
    batch_result<typename Sink::value_type> add(std::string_view sql, Sink sink, const A&... args) {
        static_assert(sizeof...(A) <= 65535, "tusk: a statement takes at most 65,535 arguments");
        if constexpr ((detail::is_named<A> || ...)) {
            static_assert((detail::is_named<A> && ...),
                          "tusk: either all arguments of a call have names, or none");
            return add_named(sql, std::move(sink), args...);
        } else {
            using entry = detail::batch_entry_of<Sink, detail::owned_argument_t<A>...>;
            auto made = std::make_shared<entry>(shared_, sql, std::move(sink), args...);
            entries_.push_back(made);
            return batch_result<typename Sink::value_type>{std::move(made)};
        }
    }
    template <class Sink, class... A>
    batch_result<typename Sink::value_type> add_named(std::string_view sql, Sink sink, const A&... args) {
        using values = detail::named_arguments_of<detail::owned_argument_t<detail::named_value_t<A>>...>;
        auto written = detail::rewrite_named(sql);
        auto order = written ? detail::match_named(*written, {args.name()...})
                             : result<std::vector<std::size_t>>{written.error()};
        if (!order) {
            if (!malformed_) malformed_ = at_new(order.error(), sql);
            return add_deferred(sql, std::move(sink), nullptr);
        }
        return add_deferred(written->text, std::move(sink),
                            std::make_unique<values>(std::move(*order), args.value()...));
    }
    /// The place of a statement that is about to be added before the message.
    failure at_new(failure f, std::string_view sql) const;
    protocol::query_source& statement(std::size_t index) noexcept override { return *entries_[index]; }
    protocol::reply_sink& sink(std::size_t index) noexcept override { return entries_[index]->sink(); }
    void refused(std::size_t index, const failure& why) override { entries_[index]->fail(why); }
    bool restart() override;
    protocol::type_question* question() override { return shared_->types->question(); }
    bool distrusts(const failure& why) override { return shared_->types->distrusts(why); }
    /// Puts the place of a statement before the message.
    failure at(std::size_t index, failure f) const;

    std::shared_ptr<detail::batch_texts> shared_ = std::make_shared<detail::batch_texts>();
    std::vector<std::shared_ptr<detail::batch_entry>> entries_;
    failure malformed_; ///< What is wrong with a statement's names.
    bool independent_ = false;
    bool was_run_ = false;
};

} // namespace tusk
