"""Lists the public names of TF1's modules that are not in `table.PAIRS`, with the reasons."""

# Layers, optimizers, schedules, losses and functions that Keras 3 does not have.
MISSING = {
    "tf.train": """
        AdagradDAOptimizer ProximalAdagradOptimizer ProximalGradientDescentOptimizer
        SyncReplicasOptimizer linear_cosine_decay noisy_linear_cosine_decay sdca_optimizer""",
    "tf.contrib.layers": """
        GDN RevBlock bow_encoder conv2d_in_plane convolution2d_in_plane gdn maxout rev_block
        scale_gradient spatial_softmax sum_regularizer""",
    "tf.contrib.opt": """
        AGNOptimizer AddSignOptimizer DropStaleGradientOptimizer ElasticAverageOptimizer
        ExternalOptimizerInterface GGTOptimizer LARSOptimizer ModelAverageOptimizer
        MultitaskOptimizerWrapper PowerSignOptimizer RegAdagradOptimizer ScipyOptimizerInterface
        ShampooOptimizer VariableClippingOptimizer""",
    "tf.nn": """
        all_candidate_sampler bias_add collapse_repeated compute_accidental_hits crelu dilation2d
        embedding_lookup_sparse erosion2d fixed_unigram_candidate_sampler fractional_avg_pool
        fractional_max_pool learned_unigram_candidate_sampler local_response_normalization
        log_uniform_candidate_sampler lrn max_pool_with_argmax nce_loss normalize_moments raw_rnn
        relu_layer safe_embedding_lookup_sparse sampled_softmax_loss space_to_batch
        static_state_saving_rnn sufficient_statistics uniform_candidate_sampler
        weighted_cross_entropy_with_logits weighted_moments with_space_to_batch xw_plus_b
        zero_fraction""",
    "tf.nn.rnn_cell": "DeviceWrapper DropoutWrapper ResidualWrapper",
    "tf.losses": "mean_pairwise_squared_error",
}
# reason why the defaults are not compared -> {namespace: names}
OTHERS = {
    "sessions, hooks, clusters": {
        "tf.train": """
            CheckpointSaverHook CheckpointSaverListener ChiefSessionCreator ClusterDef ClusterSpec
            Coordinator FeedFnHook FinalOpsHook GlobalStepWaiterHook JobDef LoggingTensorHook
            LooperThread MonitoredSession MonitoredTrainingSession NanLossDuringTrainingError
            NanTensorHook ProfilerHook Scaffold SecondOrStepTimer Server ServerDef SessionCreator
            SessionManager SessionRunArgs SessionRunContext SessionRunHook SessionRunValues
            SingularMonitoredSession StepCounterHook StopAtStepHook SummarySaverHook Supervisor
            WorkerSessionCreator basic_train_loop replica_device_setter summary_iterator""",
    },
    "checkpoints, graphs and steps": {
        "tf.train": """
            Checkpoint CheckpointManager NewCheckpointReader Saver SaverDef VocabInfo
            assert_global_step checkpoint_exists checkpoints_iterator create_global_step
            do_quantize_training_on_graphdef export_meta_graph generate_checkpoint_state_proto
            get_checkpoint_mtimes get_checkpoint_state get_global_step
            get_or_create_global_step global_step import_meta_graph init_from_checkpoint
            latest_checkpoint list_variables load_checkpoint load_variable remove_checkpoint
            update_checkpoint_state warm_start write_graph""",
        "tf.initializers": "global_variables local_variables tables_initializer variables",
    },
    "queues, and how examples are stored": {
        "tf.train": """
            BytesList Example Feature FeatureList FeatureLists Features FloatList Int64List
            QueueRunner SequenceExample add_queue_runner batch batch_join input_producer
            limit_epochs match_filenames_once maybe_batch maybe_batch_join maybe_shuffle_batch
            maybe_shuffle_batch_join range_input_producer shuffle_batch shuffle_batch_join
            slice_input_producer start_queue_runners string_input_producer""",
    },
    "feature columns, which Keras replaces by preprocessing layers": {
        "tf.contrib.layers": """
            bucketized_column check_feature_columns create_feature_spec_for_parsing crossed_column
            embedding_column infer_real_valued_columns input_from_feature_columns
            joint_weighted_sum_from_feature_columns make_place_holder_tensors_for_base_features
            multi_class_target one_hot_column parse_feature_columns_from_examples
            parse_feature_columns_from_sequence_examples real_valued_column regression_target
            scattered_embedding_column sequence_input_from_feature_columns
            shared_embedding_columns sparse_column_with_hash_bucket
            sparse_column_with_integerized_feature sparse_column_with_keys
            sparse_column_with_vocabulary_file transform_features weighted_sparse_column
            weighted_sum_from_feature_columns""",
    },
    "summaries": {
        "tf.contrib.layers": """
            summarize_activation summarize_activations summarize_collection summarize_tensor
            summarize_tensors""",
    },
    "another form of a paired one, or a help around it": {
        "tf.contrib.opt": """
            AGNCustomGetter AdamGSOptimizer ElasticAverageCustomGetter LazyAdamGSOptimizer
            ModelAverageCustomGetter clip_gradients_by_global_norm
            extend_with_decoupled_weight_decay""",
        "tf.train": "natural_exp_decay sdca_fprint sdca_shrink_l1",
        "tf.contrib.layers": """
            apply_regularization bias_add convolution dense_to_sparse embedding_lookup_unique
            images_to_sequence optimize_loss recompute_grad repeat safe_embedding_lookup_sparse
            sequence_to_images stack""",
        "tf.nn": """
            batch_norm_with_global_normalization compute_average_loss ctc_beam_search_decoder_v2
            ctc_loss_v2 ctc_unique_labels fused_batch_norm scale_regularization_loss static_rnn
            static_bidirectional_rnn""",
        "tf.losses": """
            Reduction add_loss compute_weighted_loss get_losses get_regularization_loss
            get_regularization_losses get_total_loss""",
    },
    "base classes": {
        "tf.contrib.opt": "DecoupledWeightDecayExtension",
        "tf.train": "Optimizer",
        "tf.layers": "InputSpec Layer",
        "tf.nn.rnn_cell": "LSTMStateTuple RNNCell",
    },
    "kernels that gradients and quantized graphs use": {
        "tf.nn": """
            conv2d_backprop_filter conv2d_backprop_input conv3d_backprop_filter
            conv3d_backprop_filter_v2 depthwise_conv2d_backprop_filter
            depthwise_conv2d_backprop_input depthwise_conv2d_native_backprop_filter
            depthwise_conv2d_native_backprop_input quantized_avg_pool quantized_conv2d
            quantized_max_pool quantized_relu_x""",
    },
}


def names(groups):
    """Returns the dotted names of `{namespace: names in one text}`, in order."""
    return [f"{space}.{name}" for space, text in groups.items() for name in text.split()]
