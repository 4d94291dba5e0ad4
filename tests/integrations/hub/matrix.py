"""Which test holds which line of the kill matrix (K1 to K12) and which scenario (S1 to S18).

K1   edit before and after its commit                    queue/test_kills.py
K2   claim before the first look                         test_crash.py
K3   before the call                                     sync/test_kills.py
K4   after the call, before its answer is read           sync/test_kills.py, test_crash.py
K5   after the answer, before it is stored               sync/test_kills.py, test_crash.py
K6   create, local edit, restart                         sync/test_kills.py
K7   web-hook around its commit                          queue/test_kills.py, test_crash.py
K8   pull: page, cursor, promotion                       sync/test_kills.py
K9   renewal of a token                                  oauth/test_renewal_processes.py
K10  a pump with many jobs, one of them poison           queue/test_kills.py, test_crash.py
K11  each process of a cluster                           queue/test_kills.py, nexa/supervisor
K12  the database goes away, fills up, is locked         sync/test_database_loss.py and others
S1   events often, shuffled, old                         sync/test_webhooks.py
S2   answers lost and late                               sync/test_scenarios.py
S3   clocks                                              sync/test_scenarios.py, sync/test_clock.py
S4   token revoked midway                                test_errors.py, sync/test_pushes.py
S5   many see a token that is over                       oauth/test_renewal.py
S6   storm of 429                                        queue/test_storms.py
S7   outage of ten minutes                               queue/test_outage.py
S8   some records refused                                sync/test_pushes.py
S9   long backlog                                        queue/test_backlog.py
S10  many writers                                        queue/test_storms.py
S11  frozen worker                                       queue/test_storms.py
S12  mapping changed under many links                    sync/test_pulls.py
S13  yesterday's backup                                  sync/test_scenarios.py
S14  emptied account                                     sync/test_deletes.py
S15  merge at the vendor                                 sync/test_deletes.py
S16  three systems                                       sync/test_scenarios.py
S17  deploys under load                                  queue/test_storms.py
S18  retention under load                                queue/test_storms.py

`HOLDERS` says the same by test; test_matrix.py keeps it true.
"""

from __future__ import annotations

HOLDERS: dict[str, tuple[str, ...]] = {
    "K1": (
        "queue/test_kills.py::test_edit_killed_before_its_commit_leaves_nothing",
        "queue/test_kills.py::test_edit_killed_before_its_wake_up_is_delivered_by_the_tick",
    ),
    "K2": ("test_crash.py::test_worker_killed_in_a_command_leaves_exactly_one_thing",),
    "K3": ("sync/test_kills.py::test_push_killed_is_sent_once",),
    "K4": (
        "sync/test_kills.py::test_push_killed_is_sent_once",
        "test_crash.py::test_worker_killed_in_a_command_leaves_exactly_one_thing",
    ),
    "K5": (
        "sync/test_kills.py::test_push_killed_is_sent_once",
        "test_crash.py::test_worker_killed_in_a_command_leaves_exactly_one_thing",
    ),
    "K6": ("sync/test_kills.py::test_make_killed_then_edited_makes_one_record_and_sends_the_edit",),
    "K7": (
        "queue/test_kills.py::test_webhook_killed_around_its_commit_is_processed_once",
        "test_crash.py::test_worker_killed_in_an_event_applies_it_once",
    ),
    "K8": ("sync/test_kills.py::test_pull_killed_leaves_no_gap_and_doubles_nothing",),
    "K9": (
        "oauth/test_renewal_processes.py::test_process_killed_before_the_call_leaves_it_to_the_next",
        "oauth/test_renewal_processes.py::"
        "test_process_killed_before_the_save_ends_in_one_alert_and_no_crash",
    ),
    "K10": (
        "queue/test_kills.py::test_poison_that_kills_a_pump_with_many_jobs_is_set_aside_alone",
        "test_crash.py::test_job_that_kills_every_worker_is_set_aside_and_the_others_go_on",
    ),
    "K11": (
        "queue/test_kills.py::test_cluster_that_lost_a_process_works_again_within_four_minutes",
        "queue/test_kills.py::test_work_is_called_stuck_when_every_process_is_gone",
        "../../nexa/supervisor/test_supervisor.py::"
        "test_watch_restarts_a_child_that_lives_but_is_stuck",
    ),
    "K12": (
        "sync/test_database_loss.py::test_server_killed_under_a_worker_costs_nothing_but_time",
        "sync/test_database_loss.py::"
        "test_server_killed_around_the_commit_of_a_webhook_answers_by_what_is_kept",
        "queue/test_database_storm.py::"
        "test_server_killed_again_and_again_under_load_loses_and_doubles_nothing",
        "sync/test_database_loss.py::test_full_disk_is_503_and_work_waits_for_room",
        "queue/test_locked.py::"
        "test_locked_table_is_503_for_vendors_and_people_and_then_all_is_well",
        "queue/test_locked.py::test_table_locked_for_half_a_minute_never_shows_an_error_page",
        "queue/test_kills.py::test_database_that_cuts_every_session_costs_nothing_but_time",
        "test_webhook.py::test_storage_failure_is_503_and_never_2xx",
    ),
    "S1": (
        "sync/test_webhooks.py::"
        "test_events_five_times_shuffled_with_old_copies_end_as_once_in_order",
    ),
    "S2": (
        "sync/test_scenarios.py::test_lost_and_late_answers_lose_nothing_and_double_nothing",
        "sync/test_scenarios.py::test_write_that_lands_late_is_no_change_of_theirs",
    ),
    "S3": (
        "sync/test_scenarios.py::test_clock_of_a_worker_does_not_matter",
        "sync/test_conflicts.py::test_clock_of_the_vendor_is_corrected",
    ),
    "S4": (
        "test_errors.py::test_401_stops_the_connection_with_one_alert_and_new_credentials_mend_it",
        "sync/test_pushes.py::test_refused_credentials_stop_everything_and_burn_nothing",
    ),
    "S5": (
        "oauth/test_renewal.py::test_twenty_threads_see_a_token_that_is_over_and_one_renews_it",
        "oauth/test_renewal_processes.py::test_threads_of_several_processes_share_one_renewal",
    ),
    "S6": (
        "queue/test_storms.py::test_storm_of_refusals_costs_no_attempt_and_every_worker_waits",
        "queue/test_storms.py::test_refusal_without_a_time_closes_the_connection_for_a_minute",
    ),
    "S7": ("queue/test_outage.py::test_outage_of_ten_minutes_kills_no_job_and_is_hardly_probed",),
    "S8": (
        "sync/test_pushes.py::test_refused_record_is_dead_at_once_others_go_and_a_fix_closes_it",
    ),
    "S9": (
        "queue/test_backlog.py::test_claims_from_a_long_backlog_are_quick",
        "queue/test_backlog.py::test_edit_and_second_connection_do_not_wait_for_a_backlog",
    ),
    "S10": ("queue/test_storms.py::test_many_writers_beside_the_workers_meet_no_database_error",),
    "S11": (
        "queue/test_storms.py::"
        "test_worker_that_freezes_past_its_lease_writes_nothing_and_makes_nothing_twice",
    ),
    "S12": ("sync/test_pulls.py::test_mapping_change_with_many_links_pushes_nothing",),
    "S13": (
        "sync/test_scenarios.py::"
        "test_restored_backup_takes_over_what_it_missed_and_overwrites_nothing",
    ),
    "S14": ("sync/test_deletes.py::test_emptied_account_stops_to_ask",),
    "S15": ("sync/test_deletes.py::test_merge_there_keeps_one_link_and_loses_no_record_of_ours",),
    "S16": ("sync/test_scenarios.py::test_three_systems_that_spell_differently_come_to_rest",),
    "S17": ("queue/test_storms.py::test_deploys_under_load_lose_nothing_and_send_nothing_twice",),
    "S18": ("queue/test_storms.py::test_retention_under_load_forgets_old_work_only",),
}
