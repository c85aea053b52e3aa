"""Keys of a model's table that may not be sent along, each with why, and what to write instead.

All other keys go to the provider. Refused is what would make more or other answers than the one that is read, counted
and stored, and what litellm keeps for itself. A test compares the names with litellm's own lists; nothing here imports
them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from ..toml_text import table_of

_PRICES = "[models.ROLE] price = {prompt = …, completion = …} is where prices are"
_INNER = "it is litellm's own and reaches no provider; what a provider is to get can stand in extra_body"

_EVERYWHERE: Mapping[str, str] = MappingProxyType(
    {
        "it asks for more answers than the one that is read, and all are billed; leave it out": """
            best_of candidate_count n num_completions num_generations num_outputs num_return_sequences num_samples
            prediction""",
        "max_tokens alone bounds an answer, and a budget is kept by it; set max_tokens": """
            max_completion_tokens max_gen_len max_length max_new_tokens max_output_tokens max_token_count max_tokens
            max_tokens_to_generate max_tokens_to_sample n_predict num_predict""",
        "another model could answer in its place; name one in model, and its address in api_base": """
            fallback_models fallbacks model models route""",
        "an answer is read when it is whole; leave it out": """
            stream stream_options stream_response""",
        "the program's prompt alone is sent; write it there": """
            contents context_management messages prompt""",
        "nobody here calls a function, and what a provider's own tools take has no bound; make it a step of the "
        "program": """
            function_call functions include_server_side_tool_invocations mcp_servers parallel_tool_calls plugins
            tool_choice tools web_search web_search_options""",
        "an answer is text; leave it out": """
            audio modalities""",
    }
)
"""Reason -> names that providers take, in a model's table and in tables below it; written in small letters."""

_LITELLM: Mapping[str, str] = MappingProxyType(
    {
        "another model could answer in its place; name one in model, and its address in api_base": """
            adaptive_router_config adaptive_router_default_model allowed_model_region auto_router_config
            auto_router_config_path auto_router_default_model auto_router_embedding_model auto_router_max_input_chars
            auto_router_model_compression auto_router_routing_compression azure base_model base_url
            complexity_router_config complexity_router_default_model context_window_fallback_dict
            context_window_fallbacks custom_llm_provider deployment_id enable_tag_filtering engine fallback_depth
            fastest_response max_fallbacks model_alias_map model_config model_info model_list quality_router_config
            quality_router_default_model routing_strategy silent_model tag_regex use_chat_completions_api
            use_in_pass_through use_litellm_proxy weight""",
        "calls are repeated and timed by us; set limits.timeout_s and limits.in_flight": """
            allow_client_keepalive_override client_side_timeout cooldown_time default_api_key_rpm_limit
            default_api_key_tpm_limit force_timeout itpm keepalive_seconds max_parallel_requests max_retries
            num_retries otpm request_timeout retry_policy retry_strategy rpm stream_timeout
            stream_timeout_by_service_tier timeout timeout_by_service_tier tpm""",
        "an answer is read when it is whole; leave it out": """
            complete_response merge_reasoning_content_in_choices stream_chunk_size text_completion""",
        "answers come from the model or from our own store; set cache.mode, or leave it out": """
            cache cache_key caching caching_groups enable_json_schema_validation enable_prompt_caching mock_delay
            mock_response mock_timeout mock_tool_calls preset_cache_key ttl""",
        "the program's prompt alone is sent; write it there": """
            assistant_continue_message bos_token cache_control_injection_points custom_prompt_dict
            disable_add_transform_inline_image_block ensure_alternating_roles eos_token final_prompt_value
            functions_unsupported_model hf_model_name initial_prompt_value prompt_environment prompt_id
            prompt_integration prompt_label prompt_variables prompt_version roles user_continue_message""",
        "all that a config says is sent, or the call fails; leave it out": """
            additional_drop_params drop_params""",
        "headers stand in extra_headers": """
            default_headers provider_affinity_header provider_specific_header""",
        "keys and who we are to a provider come from the environment only": """
            anthropic_disable_workload_identity_federation anthropic_federation_rule_id
            anthropic_federation_workspace_id anthropic_identity_source anthropic_identity_token
            anthropic_identity_token_file anthropic_issuer_audience anthropic_issuer_signing_key_ref
            anthropic_issuer_subject anthropic_issuer_ttl_seconds anthropic_issuer_url anthropic_keycloak_auth_method
            anthropic_keycloak_client_id anthropic_keycloak_client_secret_ref anthropic_keycloak_scope
            anthropic_keycloak_token_url anthropic_organization_id anthropic_service_account_id
            aws_batch_role_arn azure_ad_token_provider azure_password azure_scope azure_username client_id
            client_secret configurable_clientside_auth_params openai_identity_provider_id openai_identity_token_file
            openai_service_account_id secret_fields tenant_id use_xai_oauth""",
        "the run's journal says what happened; leave it out": """
            arize_api_key arize_error_sampling_rate arize_otlp_protocol arize_space_id arize_space_key
            arize_success_sampling_rate callbacks dd_agent_host dd_agent_port dd_api_key dd_site failure_callback
            gcs_bucket_name gcs_path_service_account humanloop_api_key langfuse_environment langfuse_host
            langfuse_prompt_version langfuse_public_key langfuse_secret langfuse_secret_key langfuse_span_scope
            langsmith_api_key langsmith_base_url langsmith_project langsmith_sampling_rate langsmith_tenant_id
            log_client_error_tracebacks logger_fn newrelic_api_key newrelic_region no-log posthog_api_key
            posthog_api_url signoz_ingestion_endpoint signoz_ingestion_key success_callback tags
            turn_off_message_logging verbose wandb_api_key weave_project_id""",
        _PRICES: """
            budget_duration max_budget tiered_pricing""",
        _INNER: """
            acompletion aembedding aimg_generation allm_passthrough_route async_call atext_completion
            attempted_targets bedrock_tags client completion_call_id data_residency fireworks_forward_user_id
            guardrails id kwargs max_agentic_loops max_file_size_mb model_file_id_mapping order original_function
            output_vector_size proxy_server_request rust s3_access_key_id s3_bucket_name s3_bucket_owner
            s3_encryption_key_id s3_endpoint_url s3_output_bucket_name s3_region_name s3_secret_access_key
            search_tool_name self shared_session use_client""",
    }
)
"""Reason -> names that litellm takes out of a model's table itself."""

_THEIRS = re.compile(r"_|litellm_")
_COST = re.compile(r"(^|_)costs?(_|$)|_uplift_multiplier")
_TABLES_OF_NAMES = {
    "chat_template_kwargs", "extra_headers", "extra_query", "format", "guided_json", "headers", "json_schema", "labels",
    "logit_bias", "metadata", "properties", "provider", "reasoning", "request_metadata", "response_format",
    "response_schema", "schema", "structured_outputs", "thinking", "thinking_config",
}  # fmt: skip
"""Tables whose keys are names of the user's own, or mean something else: a bound of the thinking within an answer."""
_PRICED_APART = {"inference_geo", "service_tier", "speed"}


def _by_name(groups: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType({name: reason for reason, names in groups.items() for name in names.split()})


EVERYWHERE = _by_name(_EVERYWHERE)
LITELLM = _by_name(_LITELLM)


def refusal(path: tuple[str, ...]) -> tuple[int, str]:
    """Return how many parts of ``path`` name a key that is refused, and why; none, and nothing, where it may be sent.

    ``path`` leads from a model's table to a value; its first part is no key of our own.
    """
    if why := _of_litellm(path[0]):
        return 1, why
    for depth, part in enumerate(map(_snake, path), 1):
        if part in _TABLES_OF_NAMES:
            break
        if part in EVERYWHERE:
            return depth, EVERYWHERE[part]
    return 0, ""


def priced_apart(extra: Mapping[str, object]) -> bool:
    """Return whether a provider takes other prices than its usual ones where it is sent ``extra``."""
    return any(name in _PRICED_APART for name in (*extra, *(table_of(extra.get("extra_body")) or ())))


def _of_litellm(name: str) -> str:
    if name in LITELLM:
        return LITELLM[name]
    if _COST.search(name):
        return _PRICES
    return _INNER if _THEIRS.match(name) else ""


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|-", "_", name).lower()
