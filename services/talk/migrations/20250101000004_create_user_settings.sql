create table user_settings (
    user_id bigint primary key,
    locale text not null default 'en',
    time_zone text not null default 'UTC',
    daily_goal_minutes integer not null default 15,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint user_settings_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
    constraint user_settings_locale_is_tag check (locale ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
    constraint user_settings_time_zone_length check (length(time_zone) between 1 and 64),
    constraint user_settings_daily_goal_range check (daily_goal_minutes between 0 and 1440)
);
